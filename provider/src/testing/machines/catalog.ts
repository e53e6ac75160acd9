import type { Machine } from "../machine";
import { firmwareMemory, kernelWithoutIommu, lockedDown, noInterruptRemapping, noVirtualization } from "./ailing";
import { debianGrub, debianGrubIommuOn, debianNoLibvirt, firmwareOff } from "./debian-grub";
import { largeServer } from "./large-server";
import { amd, debianGpu, debianGpuIommuOn, fedoraBls, rhelBls } from "./other-machines";
import { proxmox, proxmoxGrub, silverblue, systemdBoot, unifiedKernelImage } from "./other-loaders";
import { arch, fedoraNoBls, opensuse } from "./plain-grub";
import { rhel8, rhel8Efi } from "./red-hat-8";

/** The machines that a simulated host can be; the `description` of each is a sentence on what it is. */
export const machines = {
  "debian-grub": debianGrub,
  "debian-grub-iommu-on": debianGrubIommuOn,
  "debian-no-libvirt": debianNoLibvirt,
  "debian-gpu": debianGpu,
  "debian-gpu-iommu-on": debianGpuIommuOn,
  "fedora-bls": fedoraBls,
  "fedora-no-bls": fedoraNoBls,
  "rhel-bls": rhelBls,
  "rhel8-kernelopts": rhel8,
  "rhel8-efi": rhel8Efi,
  opensuse,
  arch,
  "systemd-boot": systemdBoot,
  "unified-kernel-image": unifiedKernelImage,
  silverblue,
  proxmox,
  "proxmox-grub": proxmoxGrub,
  amd,
  "firmware-off": firmwareOff,
  "no-virtualization": noVirtualization,
  "kernel-without-iommu": kernelWithoutIommu,
  "no-interrupt-remapping": noInterruptRemapping,
  "firmware-memory": firmwareMemory,
  "locked-down": lockedDown,
  "large-server": largeServer,
} as const satisfies Record<string, Machine>;
