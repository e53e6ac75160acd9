import type { Machine } from "../machine";
import { DEBIAN_KERNEL_CONFIG, DEBIAN_RELEASE, LAB_HARDWARE } from "./lab-hardware";
import { GUEST, WINDOWS_GUEST } from "./domains";

/** Debian 12 with GRUB on an Intel machine whose operator has turned the IOMMU off: the place where most users start. */
export const debianGrub: Machine = {
  ...LAB_HARDWARE,
  description: "Debian 12, GRUB, Intel VT-d in the firmware, intel_iommu=off in GRUB_CMDLINE_LINUX",
  loader: "debian-grub",
  hostname: "kvm-lab",
  osRelease: DEBIAN_RELEASE,
  kernels: ["6.1.0-44-amd64", "6.1.0-43-amd64"],
  kernelConfig: DEBIAN_KERNEL_CONFIG,
  cpu: { vendor: "GenuineIntel", flags: "fpu de pse tsc msr vmx ssse3 sse4_1 sse4_2" },
  firmware: { table: "DMAR", isEfi: false },
  grubDefaults: [
    "# the operator's own comment stays",
    "GRUB_DEFAULT=0",
    "GRUB_TIMEOUT=1",
    "GRUB_DISTRIBUTOR=Debian",
    'GRUB_CMDLINE_LINUX_DEFAULT=""',
    'GRUB_CMDLINE_LINUX="console=ttyS0 intel_iommu=off"',
    "GRUB_TERMINAL=serial",
    "",
  ].join("\n"),
  rootArgument: "UUID=8f3e2b4c-6f0a-4f0e-9d5b-1c2d3e4f5a6b",
  libvirt: "9.0.0",
  domains: [GUEST, WINDOWS_GUEST],
};

/** The same host with nothing on its command line: Debian's kernel then turns the IOMMU on by itself. */
export const debianGrubIommuOn: Machine = {
  ...debianGrub,
  description: "Debian 12, GRUB, Intel VT-d, no IOMMU parameter: the IOMMU is on by the kernel's own default",
  grubDefaults: debianGrub.grubDefaults.replace(" intel_iommu=off", ""),
};

/** The same host with the IOMMU switched off in the firmware: no table, so no parameter helps. */
export const firmwareOff: Machine = {
  ...debianGrub,
  description: "Debian 12, GRUB, Intel, the IOMMU is off in the firmware: there is no DMAR table",
  firmware: { isEfi: false },
};

const { libvirt: LIBVIRT, ...withoutLibvirt } = debianGrubIommuOn;

/** The same host without libvirt: devices are moved through sysfs alone. */
export const debianNoLibvirt: Machine = {
  ...withoutLibvirt,
  description: `Debian 12, GRUB, Intel VT-d on, without the libvirt ${LIBVIRT ?? ""} of its sisters`,
  domains: [],
};
