import type { Machine } from "../machine";

/** Package managers that are simulated. */
export type SimulatedManager = "apt" | "dnf4" | "dnf5" | "zypper" | "pacman";

/** A package of a simulated repository. */
export interface SimulatedPackage {
  readonly name: string;
  readonly version: string;
  readonly depends?: readonly string[];
  readonly conflicts?: readonly string[];
  /** systemd units that it holds. */
  readonly units?: readonly string[];
  /** Those that it enables when it is configured, and starts as well. */
  readonly enables?: readonly string[];
  readonly starts?: boolean;
  /** Tools that it holds, beside the ones that every host has. */
  readonly tools?: readonly string[];
  /** Version of the libvirt in it. */
  readonly libvirt?: string;
}

const MONOLITHIC = ["libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"];
const DRIVERS = ["virtqemud", "virtnodedevd", "virtnetworkd", "virtstoraged", "virtsecretd", "virtnwfilterd"];
const MODULAR = DRIVERS.flatMap((name) => [
  `${name}.service`,
  `${name}.socket`,
  `${name}-ro.socket`,
  `${name}-admin.socket`,
]);
const TOOLS = ["virsh", "virt-host-validate"];

/** What every host of a kind has from the start, whatever it is for. */
const BASE: SimulatedPackage = { name: "bash", version: "5.2.15-2" };

/** Debian 12: its libvirt-daemon-system enables and starts the one daemon (its postinst, by deb-systemd-helper). */
const APT: readonly SimulatedPackage[] = [
  BASE,
  { name: "libvirt0", version: "9.0.0-4+deb12u2" },
  { name: "seabios", version: "1.16.2-1" },
  { name: "qemu-system-x86", version: "1:7.2+dfsg-7+deb12u18", depends: ["seabios"] },
  { name: "libvirt-daemon", version: "9.0.0-4+deb12u2", depends: ["libvirt0"] },
  {
    name: "libvirt-daemon-system",
    version: "9.0.0-4+deb12u2",
    depends: ["libvirt-daemon"],
    units: MONOLITHIC,
    enables: MONOLITHIC,
    starts: true,
    libvirt: "9.0.0",
  },
  { name: "libvirt-clients", version: "9.0.0-4+deb12u2", depends: ["libvirt0"], tools: TOOLS },
  { name: "ovmf", version: "2022.11-6+deb12u2" },
  { name: "virt-manager", version: "1:4.1.0-2", depends: ["libvirt0"] },
  { name: "nmap", version: "7.93-1", conflicts: ["bash"] },
];

/** Fedora: presets enable the sockets of the drivers, and nothing starts before the next boot or by hand. */
const DNF: readonly SimulatedPackage[] = [
  BASE,
  { name: "libvirt-libs", version: "10.1.0-1.fc40" },
  { name: "qemu-kvm", version: "2:8.2.2-1.fc40", depends: ["seabios-bin"] },
  { name: "seabios-bin", version: "1.16.3-2.fc40" },
  { name: "libvirt-client", version: "10.1.0-1.fc40", depends: ["libvirt-libs"], tools: TOOLS },
  {
    name: "libvirt-daemon-driver-qemu",
    version: "10.1.0-1.fc40",
    depends: ["libvirt-libs"],
    units: [...MODULAR, ...MONOLITHIC],
    enables: ["virtqemud.service", "virtqemud.socket", "virtqemud-ro.socket", "virtqemud-admin.socket"],
    libvirt: "10.1.0",
  },
  { name: "libvirt-daemon-kvm", version: "10.1.0-1.fc40", depends: ["libvirt-daemon-driver-qemu", "qemu-kvm"] },
  { name: "libvirt", version: "10.1.0-1.fc40", depends: ["libvirt-daemon-kvm", "libvirt-client"] },
  { name: "virt-install", version: "4.1.0-5.fc40", depends: ["libvirt-client"] },
  { name: "virt-viewer", version: "11.0-9.fc40", depends: ["libvirt-libs"] },
];

/** openSUSE Leap: nothing is enabled by itself. */
const ZYPPER: readonly SimulatedPackage[] = [
  BASE,
  { name: "libvirt-libs", version: "10.0.0-150600.8.3.1" },
  { name: "qemu-x86", version: "8.2.2-150600.1.3" },
  {
    name: "libvirt-daemon",
    version: "10.0.0-150600.8.3.1",
    depends: ["libvirt-libs"],
    units: MONOLITHIC,
    libvirt: "10.0.0",
  },
  { name: "libvirt-client", version: "10.0.0-150600.8.3.1", depends: ["libvirt-libs"], tools: TOOLS },
  { name: "patterns-server-kvm_server", version: "20180302-150600.1", depends: ["libvirt-daemon", "qemu-x86"] },
  { name: "virt-manager", version: "4.1.0-150600.1", depends: ["libvirt-libs"] },
];

/** Arch: one package with both kinds of daemon, none of them enabled. */
const PACMAN: readonly SimulatedPackage[] = [
  BASE,
  { name: "seabios", version: "1.16.3-1" },
  { name: "qemu-base", version: "9.0.1-1", depends: ["seabios"] },
  { name: "dnsmasq", version: "2.90-1" },
  { name: "edk2-ovmf", version: "202311-1" },
  {
    name: "libvirt",
    version: "1:10.5.0-1",
    units: [...MONOLITHIC, ...MODULAR],
    tools: TOOLS,
    libvirt: "10.5.0",
  },
  { name: "virt-manager", version: "4.1.0-2", depends: ["libvirt"] },
];

/** Members of dnf's groups and packages behind zypper's patterns. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  virtualization: ["libvirt-daemon-kvm", "libvirt-client", "qemu-kvm", "virt-install", "virt-viewer"],
  kvm_server: ["patterns-server-kvm_server"],
};

/** What the repositories of a kind of host have. */
export const REPOSITORIES: Readonly<Record<SimulatedManager, readonly SimulatedPackage[]>> = {
  apt: APT,
  dnf4: DNF,
  dnf5: DNF,
  zypper: ZYPPER,
  pacman: PACMAN,
};

/** What a host with libvirt was set up with. */
const SETS: Readonly<Record<SimulatedManager, readonly string[]>> = {
  apt: ["qemu-system-x86", "libvirt-daemon-system", "libvirt-clients", "ovmf"],
  dnf4: ["libvirt", "virt-install", "virt-viewer"],
  dnf5: ["libvirt", "virt-install", "virt-viewer"],
  zypper: ["patterns-server-kvm_server", "libvirt-client"],
  pacman: ["qemu-base", "libvirt", "dnsmasq", "edk2-ovmf"],
};

/** Packages that are there from the start, without what they depend on. */
export function listFirstPackages(machine: Machine, manager: SimulatedManager): readonly string[] {
  return machine.libvirt === undefined ? ["bash"] : ["bash", ...SETS[manager]];
}

/** Units of libvirt's daemons that a host of a kind runs. */
export function unitsInUse(manager: SimulatedManager): readonly string[] {
  return manager === "dnf4" || manager === "dnf5" ? MODULAR : MONOLITHIC;
}

/** Package manager of a machine; undefined for one that is made of images. */
export function managerOf({ osRelease, loader }: Machine): SimulatedManager | undefined {
  if (loader === "rpm-ostree") return undefined;
  const id = /^ID="?([a-z-]+)"?$/m.exec(osRelease)?.[1] ?? "";
  const version = Number(/^VERSION_ID="?(\d+)/m.exec(osRelease)?.[1] ?? "0");
  if (id === "fedora") return version >= 41 ? "dnf5" : "dnf4";
  if (id === "rhel") return "dnf4";
  if (id === "debian") return "apt";
  if (id === "opensuse-leap") return "zypper";
  return id === "arch" ? "pacman" : undefined;
}

/** Stand-ins that a machine has for its package manager. */
export function listPackageTools(machine: Machine): readonly string[] {
  switch (managerOf(machine)) {
    case "apt":
      return ["apt-get", "dpkg", "dpkg-query"];
    case "dnf4":
    case "dnf5":
      return ["dnf", "rpm"];
    case "zypper":
      return ["zypper", "rpm"];
    case "pacman":
      return ["pacman"];
    case undefined:
      return [];
  }
}
