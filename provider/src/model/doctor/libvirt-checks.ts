import type { HostFacts } from "../host-facts";
import { joinWords } from "../pci/describe";
import { failure, notYet, ok, type Finding } from "./check";

/** How each family of distributions installs QEMU and libvirt. */
const INSTALL: readonly (readonly [ids: readonly string[], command: string])[] = [
  [["debian", "ubuntu"], "apt-get install qemu-system-x86 libvirt-daemon-system libvirt-clients"],
  [["fedora"], "dnf group install virtualization"],
  [["rhel", "centos", "rocky", "almalinux"], "dnf install qemu-kvm libvirt"],
  [["suse", "opensuse", "sles"], "zypper install -t pattern kvm_server"],
  [["arch"], "pacman -S qemu-base libvirt dnsmasq"],
];

/** QEMU and libvirt, as far as they show without asking a package manager. */
export function checkPackages(facts: HostFacts): Finding {
  const hasQemu = facts.survey === undefined || facts.survey.emulators.length > 0;
  const hasVirsh = facts.libvirt.version !== undefined;
  const missing = [...(hasQemu ? [] : ["QEMU"]), ...(hasVirsh ? [] : ["libvirt (virsh)"])];
  if (missing.length === 0) return ok(`QEMU and libvirt ${facts.libvirt.version ?? ""} are installed.`);
  return failure(`Not installed: ${joinWords(missing)}.`, adviseInstall(facts));
}

/** The host's own id comes first: what it is like counts only where that is not known. */
function adviseInstall({ identity }: HostFacts): string {
  const known = identity.distribution.flatMap((id) =>
    INSTALL.filter(([ids]) => ids.includes(id) || ids.some((one) => id.startsWith(`${one}-`))),
  );
  const command = known[0]?.[1];
  if (command === undefined)
    return `Install QEMU for this machine and libvirt with its daemon, as ${identity.distributionName} has them.`;
  return `Declare a VirtualizationHost for this host, or install them by hand: ${command}`;
}

/** Whether libvirt answers, and which of its daemons should. */
export function checkDaemon(facts: HostFacts): Finding {
  const { version, connectError } = facts.libvirt;
  if (version === undefined) return notYet("libvirt is not installed");
  if (connectError === undefined) return ok(`libvirt ${version} answers, with ${describeDaemon(facts)}.`);
  const units = facts.survey?.units ?? [];
  const masked = units.filter((unit) => unit.fileState.startsWith("masked")).map((unit) => unit.name);
  const unmask = masked.length === 0 ? "" : `systemctl unmask ${masked.join(" ")} && `;
  return failure(
    `libvirt ${version} is installed, but its daemon does not answer: ${firstLine(connectError)}`,
    `Start it: ${unmask}systemctl enable --now ${listStartUnits(facts).join(" ")}. If it fails, journalctl -b -u ${mainDaemon(facts)} says why.`,
  );
}

function firstLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** Monolithic where there is a libvirtd that is not masked, modular otherwise; both at once is not meant to be. */
function mainDaemon({ survey }: HostFacts): "libvirtd" | "virtqemud" {
  const states = new Map((survey?.units ?? []).map((unit) => [unit.name, unit]));
  const [old, modular] = [states.get("libvirtd.service"), states.get("virtqemud.service")];
  if (modular === undefined) return "libvirtd";
  const isOldWanted = old?.fileState === "enabled" || states.get("libvirtd.socket")?.fileState === "enabled";
  return isOldWanted && modular.fileState !== "enabled" ? "libvirtd" : "virtqemud";
}

function listStartUnits(facts: HostFacts): string[] {
  if (mainDaemon(facts) === "libvirtd") return ["libvirtd.service"];
  const known = (facts.survey?.units ?? []).map((unit) => unit.name);
  return ["virtqemud", "virtnodedevd", "virtnetworkd", "virtstoraged"]
    .map((name) => `${name}.socket`)
    .filter((name) => known.includes(name));
}

function describeDaemon(facts: HostFacts): string {
  return mainDaemon(facts) === "libvirtd" ? "one daemon for everything (libvirtd)" : "modular daemons (virtqemud)";
}
