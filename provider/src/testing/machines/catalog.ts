import type { Machine } from "../machine";
import { debianGrub, debianGrubIommuOn, debianNoLibvirt, firmwareOff } from "./debian-grub";
import { amd, debianGpu, debianGpuIommuOn, fedoraBls, rhelBls } from "./other-machines";

/** The machines that a simulated host can be; the `description` of each is a sentence on what it is. */
export const machines = {
  "debian-grub": debianGrub,
  "debian-grub-iommu-on": debianGrubIommuOn,
  "debian-no-libvirt": debianNoLibvirt,
  "debian-gpu": debianGpu,
  "debian-gpu-iommu-on": debianGpuIommuOn,
  "fedora-bls": fedoraBls,
  "rhel-bls": rhelBls,
  amd,
  "firmware-off": firmwareOff,
} as const satisfies Record<string, Machine>;
