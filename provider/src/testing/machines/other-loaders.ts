import type { Machine } from "../machine";
import { debianGrub } from "./debian-grub";
import { fedoraBls } from "./other-machines";

const EFI = { firmware: { table: "DMAR", isEfi: true, hasSecureBoot: false } } as const;

/** Adds an EFI system partition in the place of the first one. */
function withPartition(mountPoint: string): Pick<Machine, "disks"> {
  return {
    disks: debianGrub.disks.map((disk) => ({
      ...disk,
      partitions: disk.partitions.map((one, i) => (i === 0 ? { ...one, mountPoint, fileSystem: "vfat" } : one)),
    })),
  };
}

/** Debian 12 that systemd-boot starts, with the settings and the menu of a GRUB that nobody uses any more. */
export const systemdBoot: Machine = {
  ...debianGrub,
  ...EFI,
  ...withPartition("/boot/efi"),
  description: "Debian 12 with systemd-boot 252 on EFI, entries of kernel-install, GRUB left behind, intel_iommu=off",
  loader: "systemd-boot",
  hostname: "sd-boot",
};

/** Arch Linux with a unified kernel image that mkinitcpio builds. */
export const unifiedKernelImage: Machine = {
  ...debianGrub,
  ...EFI,
  ...withPartition("/efi"),
  description: "Arch Linux with an unsigned unified kernel image, built by a preset of mkinitcpio, intel_iommu=off",
  loader: "unified-kernel-image",
  hostname: "arch-uki",
  osRelease: 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
  kernels: ["6.11.5-arch1-1"],
};

/** Fedora Silverblue: nothing sets the IOMMU, and Fedora's kernel waits to be asked. */
export const silverblue: Machine = {
  ...debianGrub,
  ...EFI,
  description: "Fedora Silverblue 40, rpm-ostree, Intel VT-d off unless asked for",
  loader: "rpm-ostree",
  hostname: "silverblue",
  osRelease:
    'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=40\nVARIANT_ID=silverblue\nPRETTY_NAME="Fedora Linux 40.20240416.0 (Silverblue)"\n',
  kernels: ["6.8.5-301.fc40.x86_64"],
  kernelConfig: fedoraBls.kernelConfig,
  grubDefaults: 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX="rhgb quiet"\n',
};

const PROXMOX_RELEASE =
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n';

/** Proxmox VE on EFI: systemd-boot on the boot partitions of two disks, which are not mounted. */
export const proxmox: Machine = {
  ...debianGrub,
  ...EFI,
  description: "Proxmox VE 8, systemd-boot on two boot partitions that proxmox-boot-tool keeps, intel_iommu=off",
  loader: "proxmox",
  hostname: "pve",
  osRelease: PROXMOX_RELEASE,
  kernels: ["6.8.12-4-pve", "6.5.13-6-pve"],
};

/** Proxmox VE on BIOS: the same with GRUB. */
export const proxmoxGrub: Machine = {
  ...proxmox,
  description: "Proxmox VE 8 on BIOS, GRUB on two boot partitions that proxmox-boot-tool keeps, intel_iommu=off",
  loader: "proxmox-grub",
  hostname: "pve-bios",
  firmware: { table: "DMAR", isEfi: false },
  menuFolder: "/dev/disk/by-uuid/4F6A-1B2C/grub",
};
