import type { HostFacts, ImageFile } from "../host-facts";

/** What builds the initial ramdisks of a host, and what lists their contents. */
export interface InitramfsTool {
  readonly kind: "initramfs-tools" | "dracut";
  /** Absolute path of `mkinitramfs` or `dracut`. */
  readonly build: string;
  /** Absolute path of `lsinitramfs` or `lsinitrd`. */
  readonly list: string;
}

/** The initial ramdisk of a kernel. */
export interface ReleaseImage extends ImageFile {
  readonly release: string;
}

/** Finds the tool that new kernels get their initial ramdisk from; undefined where it is none that we know. */
export function findInitramfsTool(facts: HostFacts): InitramfsTool | undefined {
  const { mkinitramfs, lsinitramfs, dracut, lsinitrd } = facts.boot.tools;
  const debian = mkinitramfs !== undefined && lsinitramfs !== undefined;
  const other = dracut !== undefined && lsinitrd !== undefined;
  if (other && (!debian || facts.persistence.isDracutHooked)) return { kind: "dracut", build: dracut, list: lsinitrd };
  return debian ? { kind: "initramfs-tools", build: mkinitramfs, list: lsinitramfs } : undefined;
}

/** Every initial ramdisk whose kernel is known, newest kernel first. */
export function listImages(facts: HostFacts): ReleaseImage[] {
  return listReleases(facts).flatMap((release) =>
    facts.persistence.images
      .filter(({ path }) => isImageOf(path, release))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((image) => ({ ...image, release })),
  );
}

/** Initial ramdisks of the newest kernel, which boots next unless it is chosen otherwise, and of the running one. */
export function listBootingImages(facts: HostFacts): ReleaseImage[] {
  const images = listImages(facts);
  const releases = [images[0]?.release, facts.kernel.release];
  return images.filter(({ release }) => releases.includes(release));
}

/** Releases of all kernels that are installed, newest first. */
export function listReleases(facts: HostFacts): string[] {
  const { kernel, boot } = facts;
  const releases = [...new Set([kernel.release, ...kernel.installedModules, ...boot.kernels])];
  return releases.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
}

/**
 * Debian and Ubuntu, Fedora, openSUSE; and the folders that kernel-install makes on the EFI system partition. A path that
 * a change cannot name is left out.
 */
function isImageOf(path: string, release: string): boolean {
  if (!/^\/[A-Za-z0-9._/@+-]+$/.test(path)) return false;
  if ([`/boot/initrd.img-${release}`, `/boot/initramfs-${release}.img`, `/boot/initrd-${release}`].includes(path))
    return true;
  const [name = "", folder] = path.split("/").reverse();
  return folder === release && ["initrd", `initrd.img-${release}`].includes(name);
}
