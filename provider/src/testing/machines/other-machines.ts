import type { Machine } from "../machine";
import { debianGrub } from "./debian-grub";
import { DESKTOP_HARDWARE } from "./desktop-hardware";
import { GUEST, WINDOWS_GUEST } from "./domains";

/** A desktop with a GPU to give away: the case that most guides are written for. */
export const debianGpu: Machine = {
  ...debianGrub,
  ...DESKTOP_HARDWARE,
  description: "Debian 12 desktop, GRUB on EFI, Intel VT-d off on the command line, GPU 01:00.0 with audio 01:00.1",
  hostname: "workstation",
  firmware: { table: "DMAR", isEfi: true, hasSecureBoot: false },
  grubDefaults: [
    "GRUB_DEFAULT=0",
    "GRUB_TIMEOUT=5",
    "GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`",
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet"',
    'GRUB_CMDLINE_LINUX="intel_iommu=off"',
    "",
  ].join("\n"),
};

/** The desktop with the IOMMU on. */
export const debianGpuIommuOn: Machine = {
  ...debianGpu,
  description: "The same desktop with intel_iommu=on: ready to detach its GPU",
  grubDefaults: debianGpu.grubDefaults.replace("intel_iommu=off", "intel_iommu=on"),
};

/** An AMD host: the IOMMU is on by itself, whatever the command line does not say. */
export const amd: Machine = {
  ...debianGrub,
  description: "Debian 12, GRUB, AMD-Vi (IVRS): the IOMMU is on without a parameter",
  hostname: "epyc",
  cpu: { vendor: "AuthenticAMD", flags: "fpu de pse tsc msr svm ssse3 sse4_1 sse4_2" },
  firmware: { table: "IVRS", isEfi: false },
  grubDefaults: debianGrub.grubDefaults.replace(" intel_iommu=off", ""),
};

const FEDORA_RELEASE = [
  'NAME="Fedora Linux"',
  'VERSION="40 (Server Edition)"',
  "ID=fedora",
  "VERSION_ID=40",
  'PRETTY_NAME="Fedora Linux 40 (Server Edition)"',
  "",
].join("\n");

/** Fedora Server: BLS entries, root on LVM, and a generator that rewrites the options of every entry. */
export const fedoraBls: Machine = {
  ...debianGrub,
  ...DESKTOP_HARDWARE,
  description: "Fedora 40 Server, GRUB with BLS on EFI, root on LVM, Intel VT-d off unless asked for",
  loader: "fedora-bls",
  hostname: "fedora",
  osRelease: FEDORA_RELEASE,
  kernels: ["6.8.11-300.fc40.x86_64", "6.8.5-301.fc40.x86_64"],
  kernelConfig: { ...debianGrub.kernelConfig, CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: "n" },
  firmware: { table: "DMAR", isEfi: true, hasSecureBoot: true },
  grubDefaults: [
    "GRUB_TIMEOUT=5",
    "GRUB_DISTRIBUTOR=\"$(sed 's, release .*$,,g' /etc/system-release)\"",
    "GRUB_DEFAULT=saved",
    "GRUB_DISABLE_SUBMENU=true",
    'GRUB_TERMINAL_OUTPUT="console"',
    'GRUB_CMDLINE_LINUX="rd.lvm.lv=fedora/root rhgb quiet"',
    'GRUB_DISABLE_RECOVERY="true"',
    "GRUB_ENABLE_BLSCFG=true",
    "",
  ].join("\n"),
  rootArgument: "/dev/mapper/fedora-root",
  disks: [
    {
      name: "nvme0n1",
      function: "0000:02:00.0",
      below: "nvme/nvme0",
      number: "259:0",
      partitions: [
        { name: "nvme0n1p1", mountPoint: "/boot/efi", fileSystem: "vfat" },
        { name: "nvme0n1p2", mountPoint: "/boot", fileSystem: "ext4" },
        {
          name: "nvme0n1p3",
          holds: [
            { name: "fedora-root", number: "253:0", mountPoint: "/", fileSystem: "xfs" },
            { name: "fedora-swap", number: "253:1", isSwap: true },
          ],
        },
      ],
    },
  ],
  libvirt: "10.1.0",
  domains: [GUEST, WINDOWS_GUEST],
};

/** RHEL 9: as Fedora, but its generator leaves the entries alone unless it is told to update them. */
export const rhelBls: Machine = {
  ...fedoraBls,
  description: "RHEL 9, GRUB with BLS on EFI; grub2-mkconfig updates entries only with --update-bls-cmdline",
  loader: "rhel-bls",
  hostname: "rhel",
  osRelease:
    'NAME="Red Hat Enterprise Linux"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\nPRETTY_NAME="Red Hat Enterprise Linux 9.4 (Plow)"\n',
  kernels: ["5.14.0-427.13.1.el9_4.x86_64", "5.14.0-362.8.1.el9_3.x86_64"],
};
