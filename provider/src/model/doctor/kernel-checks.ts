import { surveyBootChange } from "../survey/survey-boot";
import type { HostFacts } from "../host-facts";
import { explainIommu } from "../iommu/explain";
import { findMissingOption, iommuOption } from "../iommu/kernel-support";
import { NO_WISHES, wantIommuWords } from "../iommu/wanted-words";
import { parseCommandLine, parseKernelArgument, type KernelArgumentEdit } from "../kernel/command-line";
import { isSatisfied, listAbsent } from "../kernel/edit";
import { joinWords } from "../pci/describe";
import { allowsUnsafeInterrupts, describeInterruptRemapping } from "../survey/interrupts";
import { failure, notYet, ok, warning, type Finding } from "./check";

/** Whether the running kernel has the IOMMU's driver. */
export function checkKernelIommu(facts: HostFacts): Finding {
  const option = iommuOption(facts);
  if (option === undefined) return notYet("the firmware announces no IOMMU, so no driver is wanted yet");
  if (findMissingOption(facts) !== undefined) {
    return failure(
      `The running kernel ${facts.kernel.release} is built without ${option}.`,
      `Boot the distribution's own kernel, or build one with ${option}=y.`,
    );
  }
  if (facts.kernel.config[option] === undefined) return unknownConfig(facts);
  return ok(`The running kernel ${facts.kernel.release} is built with ${option}.`);
}

/** Whether it can hand devices to guests. */
export function checkKernelVfio(facts: HostFacts): Finding {
  const { config, release } = facts.kernel;
  const options = ["CONFIG_VFIO", "CONFIG_VFIO_PCI", "CONFIG_VFIO_IOMMU_TYPE1"];
  const missing = options.filter((option) => config[option] === "n");
  if (missing.length > 0) {
    return failure(
      `The running kernel ${release} is built without ${joinWords(missing)}.`,
      `Boot the distribution's own kernel, or build one with ${missing.map((option) => `${option}=m`).join(" ")}.`,
    );
  }
  if (config["CONFIG_VFIO_PCI"] === undefined) return unknownConfig(facts);
  return ok(`The running kernel ${release} is built with VFIO.`);
}

function unknownConfig({ kernel: { release } }: HostFacts): Finding {
  return warning(
    `The configuration of the running kernel ${release} could not be read.`,
    `It is looked for in /boot/config-${release}, /lib/modules/${release}/config and /proc/config.gz.`,
  );
}

/** The one thing that counts, as sysfs shows it. */
export function checkIommu(facts: HostFacts): Finding {
  const { cause, because } = explainIommu(facts);
  switch (cause) {
    case "active":
      return ok(because);
    case "firmware":
    case "kernel":
      return failure(because, "Mend the failure above first.");
    case "switched-off":
    case "not-switched-on":
      return failure(because, "Change the command line as the next check says, and reboot.");
    case "no-effect":
      return failure(
        because,
        "Look for DMAR or AMD-Vi faults in the kernel's log (dmesg), and for an update of the firmware.",
      );
  }
}

/** The words that the running kernel was booted with, and those of the next boot. */
export function checkCommandLine(facts: HostFacts): Finding {
  const { cause } = explainIommu(facts);
  if (cause === "firmware") return notYet("the firmware announces no IOMMU, so no word would help");
  if (cause === "kernel") return notYet("the running kernel has no driver for the IOMMU, so no word would help");
  const edit = wantIommuWords(facts, NO_WISHES);
  const running = parseCommandLine(facts.kernel.commandLine);
  const about = running.filter(isAboutIommu);
  const now =
    about.length === 0
      ? "The kernel was booted without a word on the IOMMU"
      : `The kernel was booted with ${joinWords(about)}`;
  if (isSatisfied(running, edit)) return ok(`${now}, which is right for this host.`);
  const next = surveyBootChange(facts);
  const isReady = next !== undefined && isSatisfied(parseCommandLine(next.before), edit);
  const remedy = isReady
    ? "Reboot the host: the command line of the next boot is right already."
    : `Declare a HostIommuConfig for this host, or ${describeEdit(edit)} by hand; then reboot.`;
  const cannotWait = cause === "switched-off" || cause === "not-switched-on";
  return (cannotWait ? failure : warning)(`${now}, which is not what this host needs.`, remedy);
}

function isAboutIommu(word: string): boolean {
  const { key } = parseKernelArgument(word);
  return ["intel_iommu", "amd_iommu", "iommu", "iommu.passthrough", "iommu.strict", "intremap"].includes(key);
}

function describeEdit(edit: KernelArgumentEdit): string {
  const absent = listAbsent(edit);
  const parts = [
    ...(edit.present.length > 0 ? [`add ${edit.present.join(" ")}`] : []),
    ...(absent.length > 0 ? [`take out ${absent.join(" ")}`] : []),
  ];
  return parts.join(" and ");
}

/** Without it VFIO gives no device away, unless it is told that it may. */
export function checkInterrupts(facts: HostFacts): Finding {
  const state = describeInterruptRemapping(facts);
  if (state === "on") return ok("The IOMMU remaps interrupts.");
  if (explainIommu(facts).cause !== "active") return notYet("the IOMMU is not in use");
  if (state === "unknown") {
    return warning(
      "/proc/interrupts does not show whether interrupts are remapped.",
      'Look for "remapping" in the kernel\'s log (dmesg).',
    );
  }
  const { because, remedy } = explainNoRemapping(facts);
  if (!allowsUnsafeInterrupts(facts))
    return failure(`Interrupts are not remapped${because}, so VFIO gives no device to a guest.`, remedy);
  return warning(
    `Interrupts are not remapped${because}, and allow_unsafe_interrupts has VFIO give devices away all the same: a guest could send interrupts that are not its own.`,
    remedy,
  );
}

function explainNoRemapping({ kernel }: HostFacts): { because: string; remedy: string } {
  const off = parseCommandLine(kernel.commandLine).filter((word) => {
    const { key, value } = parseKernelArgument(word);
    return key === "nointremap" || (key === "intremap" && (value ?? "").split(",").includes("off"));
  });
  if (off.length > 0) {
    const remedy = `Take ${joinWords(off)} off the command line (kernelArguments.absent of a HostIommuConfig), and reboot.`;
    return { because: `: the kernel was booted with ${joinWords(off)}`, remedy };
  }
  if (kernel.config["CONFIG_IRQ_REMAP"] === "n") {
    const because = `: the running kernel ${kernel.release} is built without CONFIG_IRQ_REMAP`;
    return { because, remedy: "Boot the distribution's own kernel, or build one with CONFIG_IRQ_REMAP=y." };
  }
  const remedy =
    "Switch on interrupt remapping (often with x2APIC) in the firmware's menu, or update the firmware. " +
    "Only where every guest is trusted: vfio_iommu_type1.allow_unsafe_interrupts=1 on the command line.";
  return { because: "", remedy };
}
