import { machines, type Machine } from "pulumi-passthrough/testing";

/** The machine without libvirt and its domains: a host before its first guest. */
function withoutLibvirt(machine: Machine): Machine {
  const { libvirt, ...bare } = machine;
  return { ...bare, description: `${machine.description}, without libvirt ${libvirt ?? ""}`, domains: [] };
}

const FEDORA = withoutLibvirt(machines["fedora-bls"]);

/** A host of each package manager, without libvirt. */
export const BARE_HOSTS = {
  apt: machines["debian-no-libvirt"],
  dnf4: FEDORA,
  dnf5: { ...FEDORA, osRelease: FEDORA.osRelease.replaceAll("40", "41") },
  "dnf4 of RHEL": withoutLibvirt(machines["rhel-bls"]),
  zypper: withoutLibvirt(machines.opensuse),
  pacman: withoutLibvirt(machines.arch),
} as const satisfies Record<string, Machine>;
