import type { Machine } from "../machine";
import { rhelBls } from "./other-machines";

/** RHEL 8: the entries take their words from the variable `kernelopts` of grubenv, which has a comment. */
export const rhel8: Machine = {
  ...rhelBls,
  description: "RHEL 8, GRUB with BLS on BIOS; the entries take their options from kernelopts in grubenv",
  loader: "rhel8-bls",
  hostname: "rhel8",
  osRelease:
    'NAME="Red Hat Enterprise Linux"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="8.10"\nPRETTY_NAME="Red Hat Enterprise Linux 8.10 (Ootpa)"\n',
  kernels: ["4.18.0-553.el8_10.x86_64", "4.18.0-513.5.1.el8_9.x86_64"],
  firmware: { table: "DMAR", isEfi: false },
  grubDefaults: rhelBls.grubDefaults.replace("rd.lvm.lv", "crashkernel=auto rd.lvm.lv"),
};

/** RHEL 8 on EFI: menu and grubenv lie on the EFI system partition, and /boot/grub2 only has a link to the latter. */
export const rhel8Efi: Machine = {
  ...rhel8,
  description: "RHEL 8, GRUB with BLS on EFI: the menu itself and grubenv lie on the EFI system partition",
  hostname: "rhel8-efi",
  firmware: { table: "DMAR", isEfi: true, hasSecureBoot: true },
  menuFolder: "/boot/efi/EFI/redhat",
};
