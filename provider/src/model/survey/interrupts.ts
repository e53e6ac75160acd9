import type { HostFacts } from "../host-facts";
import { parseCommandLine, parseKernelArgument } from "../kernel/command-line";

/**
 * Whether the IOMMU checks interrupts as it checks memory. On x86 the kernel's chips are then called `IR-…`; on Arm the
 * interrupt translation service (`ITS-…`) does the same. What the hardware could do, or a word asks for, says nothing.
 */
export function describeInterruptRemapping({ survey }: HostFacts): "on" | "off" | "unknown" {
  const chips = survey?.interruptChips ?? [];
  if (chips.some((chip) => /^(?:IR|ITS)-/.test(chip))) return "on";
  return chips.some((chip) => /^(?:IO-APIC|PCI-MSI|HPET-MSI)/.test(chip)) ? "off" : "unknown";
}

/** Whether VFIO hands devices out although interrupts are not remapped: as the module says, or would say once it is loaded. */
export function allowsUnsafeInterrupts({ survey, kernel }: HostFacts): boolean {
  if (survey?.allowsUnsafeInterrupts !== undefined) return survey.allowsUnsafeInterrupts;
  const onLine = parseCommandLine(kernel.commandLine).filter((word) => word.includes("."));
  const values = [...(survey?.moduleOptions ?? []).map((word) => `vfio_iommu_type1.${word}`), ...onLine].flatMap(
    (word) => {
      const { key, value } = parseKernelArgument(word);
      return key === "vfio_iommu_type1.allow_unsafe_interrupts" ? [value ?? "1"] : [];
    },
  );
  return /^(?:[yt1]|on)$/i.test(values.at(-1) ?? "0");
}
