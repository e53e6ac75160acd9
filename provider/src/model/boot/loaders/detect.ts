import type { HostFacts } from "../../host-facts";
import type { KernelArgumentEdit } from "../../kernel/command-line";
import { listSuseMarkers } from "../grub-suse";
import { grub } from "./grub";
import { grubBls } from "./grub-bls";
import { grubPlain } from "./grub-plain";
import { proxmox } from "./proxmox";
import { rpmOstree } from "./rpm-ostree";
import { systemdBoot } from "./systemd-boot";
import { unifiedKernelImage } from "./unified-kernel-image";
import { describeByHand, type BootLoader, type BootLoaderName, type BootRefusal } from "./loader";

const LOADERS: readonly BootLoader[] = [grubBls, grub, grubPlain];

/** Told by what this boot says of itself; hosts of theirs may have files of GRUB as well, which then mean nothing. */
const CERTAIN: readonly BootLoader[] = [rpmOstree, proxmox, unifiedKernelImage, systemdBoot];

/** Hosts that are recognised and not changed: what tells them, and how they are called. */
const RECOGNISED: readonly (readonly [path: string, name: string])[] = [
  ["/run/ostree-booted", "an rpm-ostree system (rpm-ostree kargs)"],
  ["/etc/kernel/proxmox-boot-uuids", "Proxmox's boot tool (/etc/kernel/cmdline and proxmox-boot-tool refresh)"],
  [
    "LOADER_TYPE=grub2-bls",
    "GRUB with openSUSE's boot loader entries (/etc/kernel/cmdline and sdbootutil update-all-entries)",
  ],
  [
    "LOADER_TYPE=none",
    "a boot loader that openSUSE's tools are told to leave alone (LOADER_TYPE in /etc/sysconfig/bootloader)",
  ],
  ["/boot/extlinux/extlinux.conf", "extlinux (APPEND lines of /boot/extlinux/extlinux.conf)"],
  [
    "/boot/extlinux.conf",
    "extlinux (/etc/update-extlinux.conf and update-extlinux, or APPEND lines of /boot/extlinux.conf)",
  ],
  ["/boot/syslinux/syslinux.cfg", "syslinux (APPEND lines of /boot/syslinux/syslinux.cfg)"],
  ["/etc/zipl.conf", "zipl (/etc/zipl.conf or /boot/loader/entries, and zipl)"],
  ["/boot/efi/loader/loader.conf", "systemd-boot"],
  ["/boot/loader/loader.conf", "systemd-boot"],
  ["/efi/loader/loader.conf", "systemd-boot"],
  ["/boot/limine.conf", "Limine (cmdline lines of /boot/limine.conf)"],
  ["/boot/limine/limine.conf", "Limine (cmdline lines of /boot/limine/limine.conf)"],
  ["/boot/refind_linux.conf", "rEFInd (/boot/refind_linux.conf)"],
  ["/etc/lilo.conf", "LILO (append lines of /etc/lilo.conf, and lilo)"],
  ["/boot/grub/menu.lst", "GRUB Legacy (kernel lines of /boot/grub/menu.lst)"],
];

/** Finds the boot loader of a host, or says what was found instead and which words to change by hand. */
export function findBootLoader(
  facts: HostFacts,
  wanted: BootLoaderName | "auto",
  edit: KernelArgumentEdit,
): BootLoader | BootRefusal {
  const special = RECOGNISED.find(([path]) => [...facts.boot.markers, ...listSuseMarkers(facts.boot)].includes(path));
  // These keep GRUB's files about as well, and overwrite what is changed there.
  const isForeign = special !== undefined && /ostree|proxmox|LOADER_TYPE/.test(special[0]);
  const certain = CERTAIN.find((candidate) => candidate.isUsed(facts));
  const loader = certain ?? (isForeign ? undefined : LOADERS.find((candidate) => candidate.isUsed(facts)));
  if (loader === undefined) {
    const name =
      special?.[1] ??
      (facts.boot.grubConfig === undefined
        ? "no boot loader that is known here"
        : `GRUB as ${facts.identity.distributionName} sets it up`);
    return { refused: `the host boots through ${name}, which this release does not change; ${describeByHand(edit)}` };
  }
  if (wanted !== "auto" && wanted !== loader.name) {
    return {
      refused: `the host boots through ${loader.name}, not ${wanted}; leave bootLoader at "auto" or correct it`,
    };
  }
  return loader;
}
