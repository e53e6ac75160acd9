import type { KernelArgument } from "../../model/kernel/command-line";
import { parseCommandLine, parseKernelArgument } from "../../model/kernel/command-line";
import type { Machine } from "../machine";

/** How the kernel sets up the IOMMU for a command line. */
export interface IommuMode {
  readonly isOn: boolean;
  /** `DMA-FQ`, `DMA` or `identity`: what the groups' `type` says. */
  readonly type: string;
  /** Integrated GPUs stay untranslated, as Debian's kernel has it by default. */
  readonly skipsIntegratedGpu: boolean;
}

/** Decides as the kernel does: by the firmware's table first, then by its build and its command line. */
export function decideIommu(machine: Machine, commandLine: string): IommuMode {
  const words = parseCommandLine(commandLine).map(parseKernelArgument);
  const iommu = listValues(words, "iommu");
  const isOff = iommu.includes("off");
  const config = machine.kernelConfig;
  if (machine.firmware.table === "IVRS") {
    return {
      isOn: !isOff && !listValues(words, "amd_iommu").includes("off"),
      type: typeOf(machine, words, iommu),
      skipsIntegratedGpu: false,
    };
  }
  const intel = listValues(words, "intel_iommu").filter((value) => value === "on" || value === "off");
  const isDefault = config["CONFIG_INTEL_IOMMU_DEFAULT_ON"] === "y";
  const isDefaultButGpu = config["CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF"] === "y";
  const isAsked = intel.length === 0 ? isDefault || isDefaultButGpu : intel.at(-1) === "on";
  return {
    isOn: machine.firmware.table === "DMAR" && config["CONFIG_INTEL_IOMMU"] !== "n" && isAsked && !isOff,
    type: typeOf(machine, words, iommu),
    skipsIntegratedGpu: intel.length === 0 && isDefaultButGpu && !isDefault,
  };
}

function listValues(words: readonly KernelArgument[], key: string): string[] {
  return words.filter((word) => word.key === key).flatMap((word) => (word.value ?? "").split(","));
}

function typeOf(machine: Machine, words: readonly KernelArgument[], iommu: readonly string[]): string {
  const passthrough = words.filter((word) => word.key === "iommu.passthrough").at(-1)?.value;
  const isBuiltIn = machine.kernelConfig["CONFIG_IOMMU_DEFAULT_PASSTHROUGH"] === "y";
  const isIdentity =
    iommu.includes("pt") || passthrough === "1" || (isBuiltIn && passthrough !== "0" && !iommu.includes("nopt"));
  if (isIdentity) return "identity";
  return machine.kernelConfig["CONFIG_IOMMU_DEFAULT_DMA_LAZY"] === "y" ? "DMA-FQ" : "DMA";
}
