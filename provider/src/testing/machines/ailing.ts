import type { Machine } from "../machine";
import { debianGrub, debianGrubIommuOn } from "./debian-grub";

/** The CPU's flag is gone, because the firmware has locked virtualization. */
export const noVirtualization: Machine = {
  ...debianGrubIommuOn,
  description: "Debian 12, GRUB, Intel, virtualization is off in the firmware: the CPU shows no vmx",
  cpu: { vendor: "GenuineIntel", flags: "fpu de pse tsc msr ssse3 sse4_1 sse4_2" },
};

/** A kernel that somebody built without Intel's IOMMU. */
export const kernelWithoutIommu: Machine = {
  ...debianGrubIommuOn,
  description: "Debian 12, GRUB, Intel VT-d, a kernel of one's own without CONFIG_INTEL_IOMMU",
  kernels: ["6.1.0-own"],
  kernelConfig: {
    ...debianGrub.kernelConfig,
    CONFIG_INTEL_IOMMU: "n",
    CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: "n",
  },
};

/** Firmware that announces an IOMMU which translates memory and not interrupts, as the first ones did. */
export const noInterruptRemapping: Machine = {
  ...debianGrubIommuOn,
  description: "Debian 12, GRUB, an old Intel machine whose IOMMU cannot remap interrupts",
  firmware: { table: "DMAR", isEfi: false, lacksInterruptRemapping: true },
};

/** Firmware that keeps memory for the card at 01:00.0. */
export const firmwareMemory: Machine = {
  ...debianGrubIommuOn,
  description: "Debian 12, GRUB, Intel VT-d on, the firmware keeps memory (RMRR) for the network card at 01:00.0",
  reservedRegions: { 7: "direct" },
};

/** Secure Boot, and a kernel that is locked down because of it. */
export const lockedDown: Machine = {
  ...debianGrubIommuOn,
  description: "Debian 12, GRUB on EFI with Secure Boot: the kernel is locked down (integrity)",
  firmware: { table: "DMAR", isEfi: true, hasSecureBoot: true },
};
