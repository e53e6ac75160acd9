import type { Machine } from "../machine";
import { debianGrub } from "./debian-grub";
import { fedoraBls } from "./other-machines";

/** openSUSE Leap: GRUB's second name, a generated menu, root on btrfs. */
export const opensuse: Machine = {
  ...debianGrub,
  description: "openSUSE Leap 15.6, GRUB with a menu that grub2-mkconfig generates, root on btrfs, intel_iommu=off",
  loader: "opensuse-grub",
  hostname: "leap",
  osRelease:
    'NAME="openSUSE Leap"\nVERSION="15.6"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\nPRETTY_NAME="openSUSE Leap 15.6"\n',
  kernels: ["6.4.0-150600.23.17-default", "6.4.0-150600.21-default"],
  kernelConfig: { ...debianGrub.kernelConfig, CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: "n" },
  grubDefaults: [
    "# Modified by YaST2.",
    "GRUB_DISTRIBUTOR=",
    "GRUB_DEFAULT=saved",
    "GRUB_TIMEOUT=8",
    'GRUB_CMDLINE_LINUX_DEFAULT="splash=silent resume=/dev/vda1 quiet security=apparmor intel_iommu=off mitigations=auto"',
    'GRUB_CMDLINE_LINUX=""',
    'GRUB_DISABLE_RECOVERY="true"',
    'SUSE_BTRFS_SNAPSHOT_BOOTING="true"',
    "",
  ].join("\n"),
  disks: debianGrub.disks.map((disk) => ({
    ...disk,
    partitions: disk.partitions.map((one) => (one.mountPoint === "/" ? { ...one, fileSystem: "btrfs" } : one)),
  })),
  libvirt: "10.0.0",
};

/** Arch Linux: the generator as its authors ship it, which reads no drop-ins; kernels are named after their packages. */
export const arch: Machine = {
  ...debianGrub,
  description: "Arch Linux, GRUB with a menu that grub-mkconfig generates, kernels linux and linux-lts",
  loader: "arch-grub",
  hostname: "arch",
  osRelease: 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
  kernels: ["linux-lts", "linux"],
  kernelConfig: { ...debianGrub.kernelConfig, CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: "n" },
  grubDefaults: [
    "# GRUB boot loader configuration",
    "GRUB_DEFAULT=0",
    "GRUB_TIMEOUT=5",
    'GRUB_DISTRIBUTOR="Arch"',
    'GRUB_CMDLINE_LINUX_DEFAULT="loglevel=3 quiet"',
    'GRUB_CMDLINE_LINUX=""',
    "",
  ].join("\n"),
  libvirt: "10.5.0",
};

/** Fedora with `GRUB_ENABLE_BLSCFG=false`: the menu lists the kernels itself, and the entries are of no use. */
export const fedoraNoBls: Machine = {
  ...fedoraBls,
  description:
    "Fedora 40 with GRUB_ENABLE_BLSCFG=false: the generated menu lists the kernels, the entry files do not count",
  hostname: "fedora-plain",
  grubDefaults: fedoraBls.grubDefaults.replace("BLSCFG=true", "BLSCFG=false"),
};
