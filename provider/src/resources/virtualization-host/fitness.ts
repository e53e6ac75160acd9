import type { HostFacts } from "../../model/host-facts";
import type { VirtualizationFacts } from "../../model/packages/package-facts";

/** What stands in the way of guests that no package mends: warnings with cause and remedy. */
export function describeFitness(facts: HostFacts, found: VirtualizationFacts): string[] {
  const failures = found.validation.filter(({ check, result }) => result === "FAIL" && !isAboutKvm(check));
  return [
    ...(found.hasKvm ? [] : [describeMissingKvm(facts)]),
    ...failures.map(({ check, detail }) => `virt-host-validate: ${check}: FAIL${detail === "" ? "" : ` (${detail})`}`),
  ];
}

/** Said once, and in our words. */
function isAboutKvm(check: string): boolean {
  return check.includes("/dev/kvm") || check === "hardware virtualization";
}

function describeMissingKvm({ cpu }: HostFacts): string {
  const consequence = "there is no /dev/kvm, so guests run by emulation, very slowly";
  if (cpu.virtualization === undefined) {
    return `${consequence}: the CPU shows neither vmx nor svm. Switch virtualization on in the firmware (Intel VT-x, AMD SVM); in a virtual machine, let its host pass it on (nested virtualization)`;
  }
  const module = cpu.virtualization === "vmx" ? "kvm_intel" : "kvm_amd";
  return `${consequence}: the CPU has ${cpu.virtualization}, but the module ${module} is not loaded. Load it (modprobe ${module}); if it refuses, dmesg says why, mostly that the firmware has locked it`;
}
