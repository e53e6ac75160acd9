import type { DistributionFamily } from "./package-facts";

/**
 * What each distribution's own guide installs to run guests, with UEFI firmware for them, which most guests with a passed
 * through device need.
 */
export const DEFAULT_PACKAGES: Readonly<Record<DistributionFamily, readonly string[]>> = {
  debian: ["qemu-system-x86", "libvirt-daemon-system", "libvirt-clients", "ovmf"],
  fedora: ["@virtualization"],
  "red-hat": ["qemu-kvm", "libvirt"],
  suse: ["pattern:kvm_server", "libvirt-client"],
  arch: ["qemu-base", "libvirt", "dnsmasq", "edk2-ovmf"],
};

/** A name that every package manager takes as one package, group or pattern, and never as an option or a wish to remove it. */
export const PACKAGE_WORD = /^(?:@|pattern:)?[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9+])?(?::[a-z0-9]+)?$/;
