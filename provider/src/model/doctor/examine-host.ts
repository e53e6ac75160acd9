import type { HostFacts } from "../host-facts";
import type { DeviceSelector } from "../pci/selector";
import type { Check, CheckName, Finding } from "./check";
import { checkDevice } from "./device-checks";
import { checkBootLoader, checkFirmwareMemory, checkGroups, checkInitramfs } from "./host-checks";
import { checkCommandLine, checkInterrupts, checkIommu, checkKernelIommu, checkKernelVfio } from "./kernel-checks";
import { checkDaemon, checkPackages } from "./libvirt-checks";
import { checkCpu, checkFirmware, checkKvm, checkLockdown } from "./machine-checks";

const TITLES: Readonly<Record<CheckName, string>> = {
  "cpu-virtualization": "Virtualization of the CPU",
  "firmware-iommu": "IOMMU of the firmware",
  "kernel-iommu": "IOMMU driver of the kernel",
  "kernel-vfio": "VFIO in the kernel",
  "iommu-in-use": "IOMMU in use",
  "command-line": "Kernel command line",
  "interrupt-remapping": "Interrupt remapping",
  lockdown: "Secure Boot and lockdown",
  "iommu-groups": "IOMMU groups",
  "firmware-memory": "Memory kept by the firmware",
  "boot-loader": "Boot loader",
  initramfs: "Initial ramdisk",
  packages: "Virtualization packages",
  "libvirt-daemon": "libvirt's daemon",
  "kvm-device": "/dev/kvm",
  device: "Device",
  "device-group": "Group of the device",
  "device-firmware-memory": "Memory kept for the device",
  "device-reset": "Reset of the device",
  "device-safety": "What the host loses",
};

const CHECKS: readonly (readonly [CheckName, (facts: HostFacts) => Finding])[] = [
  ["cpu-virtualization", checkCpu],
  ["firmware-iommu", checkFirmware],
  ["kernel-iommu", checkKernelIommu],
  ["kernel-vfio", checkKernelVfio],
  ["iommu-in-use", checkIommu],
  ["command-line", checkCommandLine],
  ["interrupt-remapping", checkInterrupts],
  ["lockdown", checkLockdown],
  ["iommu-groups", checkGroups],
  ["firmware-memory", checkFirmwareMemory],
  ["boot-loader", checkBootLoader],
  ["initramfs", checkInitramfs],
  ["packages", checkPackages],
  ["libvirt-daemon", checkDaemon],
  ["kvm-device", checkKvm],
];

/**
 * Goes through the checks of the manual guide in its order; with a device, through those that concern it as well. The
 * facts are to be read with a survey ({@link HostFacts.survey}).
 */
export function examineHost(facts: HostFacts, options: { readonly device?: DeviceSelector | undefined } = {}): Check[] {
  const found = CHECKS.map(([name, check]) => [name, check(facts)] as const);
  const ofDevice = options.device === undefined ? [] : checkDevice(facts, options.device);
  return [...found, ...ofDevice].map(([name, finding]) => ({ name, title: TITLES[name], ...finding }));
}
