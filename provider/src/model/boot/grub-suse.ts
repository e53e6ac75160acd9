import type { BootFacts } from "../host-facts";

const SYSCONFIG = "/etc/sysconfig/bootloader";

/** What openSUSE's tools take for the boot loader: `grub2`, `grub2-efi`, `grub2-bls`, `systemd-boot` or `none`. */
export function readLoaderType(boot: BootFacts): string | undefined {
  const text = boot.files.find((file) => file.path === SYSCONFIG)?.text ?? "";
  const [type] = [...text.matchAll(/^LOADER_TYPE=["']?([^"'\s#]*)/gm)].slice(-1);
  return type?.[1] === "" ? undefined : type?.[1];
}

/** The boot loader type as a marker beside the paths that tell boot loaders apart. */
export function listSuseMarkers(boot: BootFacts): string[] {
  const type = readLoaderType(boot);
  return type === undefined ? [] : [`LOADER_TYPE=${type}`];
}
