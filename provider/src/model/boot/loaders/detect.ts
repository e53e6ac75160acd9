import type { HostFacts } from "../../host-facts";
import type { KernelArgumentEdit } from "../../kernel/command-line";
import { grub } from "./grub";
import { grubBls } from "./grub-bls";
import { describeByHand, type BootLoader, type BootLoaderName, type BootRefusal } from "./loader";

const LOADERS: readonly BootLoader[] = [grubBls, grub];

/** Hosts that are recognised and not changed: what tells them, and how they are called. */
const RECOGNISED: readonly (readonly [path: string, name: string])[] = [
  ["/run/ostree-booted", "an rpm-ostree system (rpm-ostree kargs)"],
  ["/etc/kernel/proxmox-boot-uuids", "Proxmox's boot tool (/etc/kernel/cmdline and proxmox-boot-tool refresh)"],
  ["/boot/extlinux/extlinux.conf", "extlinux"],
  ["/etc/zipl.conf", "zipl"],
  ["/boot/efi/loader/loader.conf", "systemd-boot"],
  ["/boot/loader/loader.conf", "systemd-boot"],
  ["/efi/loader/loader.conf", "systemd-boot"],
];

/** Finds the boot loader of a host, or says what was found instead and which words to change by hand. */
export function findBootLoader(
  facts: HostFacts,
  wanted: BootLoaderName | "auto",
  edit: KernelArgumentEdit,
): BootLoader | BootRefusal {
  const special = RECOGNISED.find(([path]) => facts.boot.markers.includes(path));
  // These two keep GRUB's files about as well, and overwrite what is changed there.
  const isForeign = special !== undefined && /ostree|proxmox/.test(special[0]);
  const loader = isForeign ? undefined : LOADERS.find((candidate) => candidate.isUsed(facts));
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
