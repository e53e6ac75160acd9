import type { HostFacts } from "../host-facts";
import { failure, ok, warning, type Finding } from "./check";

/** Whose names of settings the firmware's menu will have. */
type Maker = "intel" | "amd" | "arm" | "unknown";

/** The CPU says it; the tables do where it does not, as on Arm. */
function makerOf({ cpu, firmware: { tables } }: HostFacts): Maker {
  if (cpu.vendor === "GenuineIntel") return "intel";
  if (["AuthenticAMD", "HygonGenuine"].includes(cpu.vendor)) return "amd";
  if (tables.includes("IORT")) return "arm";
  return tables.includes("DMAR") ? "intel" : tables.includes("IVRS") ? "amd" : "unknown";
}

const VIRTUALIZATION: Readonly<Record<Maker, string>> = {
  intel: "Intel Virtualization Technology (VT-x, VMX)",
  amd: "SVM Mode (AMD-V)",
  arm: "the hypervisor mode (EL2)",
  unknown: "virtualization (Intel: VT-x; AMD: SVM)",
};

const IOMMU: Readonly<Record<Maker, string>> = {
  intel: "VT-d (Intel VT for Directed I/O), which is often found under Chipset, System Agent or North Bridge",
  amd: "IOMMU (AMD-Vi), set to Enabled and not to Auto, which is often found under AMD CBS, NBIO Common Options",
  arm: "the SMMU (IOMMU)",
  unknown: "the IOMMU (Intel: VT-d; AMD: IOMMU or AMD-Vi; Arm: SMMU)",
};

/** The CPU's flag. Kernels take it away where the firmware has locked virtualization. */
export function checkCpu(facts: HostFacts): Finding {
  const { virtualization } = facts.cpu;
  if (virtualization !== undefined) return ok(`The CPU shows ${virtualization}.`);
  if (makerOf(facts) === "arm" && facts.survey?.hasKvm === true)
    return ok("Arm has no flag for it; the kernel offers /dev/kvm.");
  return failure(
    "The CPU shows neither vmx nor svm: virtualization is switched off in the firmware's menu, or the CPU has none.",
    `Switch on ${VIRTUALIZATION[makerOf(facts)]} in the firmware's menu. If the host is itself a guest, its hypervisor has to allow nested virtualization.`,
  );
}

/** The table by which the firmware announces its IOMMU. */
export function checkFirmware(facts: HostFacts): Finding {
  const { tables } = facts.firmware;
  if (tables.length > 0) return ok(`The firmware announces an IOMMU (${tables.join(", ")}).`);
  return failure(
    "The firmware announces no IOMMU: there is no DMAR, IVRS or IORT table. It is switched off in the firmware's menu, or the machine has none.",
    `Switch on ${IOMMU[makerOf(facts)]} in the firmware's menu, save, and switch the machine off and on again. No word on the kernel's command line can stand in for it.`,
  );
}

/** What QEMU runs guests with. */
export function checkKvm(facts: HostFacts): Finding {
  if (facts.survey?.hasKvm === true) return ok("There is a /dev/kvm.");
  const { virtualization } = facts.cpu;
  if (virtualization === undefined) {
    return failure(
      "There is no /dev/kvm, because the CPU shows no virtualization.",
      "Mend the check of the CPU first.",
    );
  }
  const module = virtualization === "vmx" ? "kvm_intel" : "kvm_amd";
  return failure(
    `There is no /dev/kvm although the CPU shows ${virtualization}: the module ${module} is not loaded.`,
    `Load it with "modprobe ${module}"; if that fails, the kernel's log says why (dmesg). Look for a blacklist in /etc/modprobe.d.`,
  );
}

/** Secure Boot, and what the kernel forbids because of it. */
export function checkLockdown({ firmware, kernel }: HostFacts): Finding {
  const secureBoot = describeSecureBoot(firmware);
  if (kernel.lockdown === undefined || kernel.lockdown === "none")
    return ok(`${secureBoot}, and the kernel is not locked down.`);
  return warning(
    `${secureBoot}, and the kernel is locked down (${kernel.lockdown}): VFIO works, but modules that nobody signed are not loaded, such as vendor-reset, and programs cannot reach the registers of PCI devices.`,
    "If a device needs such a module, sign it and enrol the key (mokutil --import), or switch Secure Boot off in the firmware's menu.",
  );
}

function describeSecureBoot({ isEfi, secureBoot }: HostFacts["firmware"]): string {
  if (secureBoot === undefined)
    return isEfi ? "The firmware does not say whether Secure Boot is on" : "The host boots without EFI";
  return secureBoot ? "Secure Boot is on" : "Secure Boot is off";
}
