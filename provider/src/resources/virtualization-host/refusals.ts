import type { HostFacts } from "../../model/host-facts";
import { DAEMONS, isUsed, unitsOf, type DaemonMode } from "../../model/packages/daemons";
import type {
  DryRun,
  HalfDonePackage,
  PackageManagerKind,
  VirtualizationFacts,
} from "../../model/packages/package-facts";
import { describePackageManager } from "../../model/reboot/activity";
import type { Problem } from "../definition";
import type { VirtualizationHostInputs } from "./inputs";

/** Program behind each kind of package manager, as people call it. */
export const TOOLS: Readonly<Record<PackageManagerKind, string>> = {
  apt: "apt-get",
  dnf4: "dnf",
  dnf5: "dnf",
  zypper: "zypper",
  pacman: "pacman",
};

/** How lists of packages are brought up to date by hand. */
const REFRESH: Readonly<Record<PackageManagerKind, string>> = {
  apt: "apt-get update",
  dnf4: "dnf makecache",
  dnf5: "dnf makecache",
  zypper: "zypper refresh",
  pacman: "pacman -Syu",
};

/** Words with which the package managers say that they do not know a name. */
const NOT_FOUND: readonly RegExp[] = [
  /Unable to locate package ([^\s;]+)/g,
  /Package '?([^\s';]+)'? has no installation candidate/g,
  /No match for argument: ([^\s;]+)/g,
  /Module or Group '([^']+)' is not available/g,
  /No provider of (?:'|&apos;)([^'&]+)(?:'|&apos;) found/g,
  /target not found: ([^\s;]+)/g,
];

/** Whether the host can have packages at all. */
export function checkManager(
  inputs: VirtualizationHostInputs,
  facts: HostFacts,
  found: VirtualizationFacts,
): Problem[] {
  if (inputs.packages?.length === 0) return [];
  const { distributionName } = facts.identity;
  const byHand = "install libvirt and QEMU by hand and declare packages: []";
  if (found.isImageBased) {
    const reason = `${distributionName} is made of images and takes packages with its next boot only; layer them by hand (rpm-ostree install libvirt qemu-kvm), reboot, and declare packages: []`;
    return [{ property: "packages", reason }];
  }
  if (found.family === undefined) {
    const reason = `the packages of ${distributionName} are not known here (known: Debian, Ubuntu, Fedora, RHEL, openSUSE, Arch and what is like them); ${byHand}`;
    return [{ property: "packages", reason }];
  }
  if (found.manager === undefined) {
    const reason = `${distributionName} has none of the package managers that are known here (apt-get, dnf, zypper, pacman); ${byHand}`;
    return [{ property: "packages", reason }];
  }
  return [];
}

/** Whether what is to come can come, and nothing has to go for it. */
export function checkInstallation(
  facts: HostFacts,
  found: VirtualizationFacts,
  manager: PackageManagerKind,
  foreign: readonly HalfDonePackage[],
): Problem[] {
  const { packageManagers } = facts.activity;
  if (packageManagers.length > 0) {
    const who = packageManagers.map(describePackageManager).join(", ");
    return [
      { property: "packages", reason: `a package manager is at work: ${who}; wait until it has ended, then run again` },
    ];
  }
  if (foreign.length > 0) {
    const names = foreign.map(({ name, state }) => `${name} (${state})`).join(", ");
    const reason = `an earlier run of dpkg was interrupted, and these are not installed as a whole: ${names}; finish it by hand (dpkg --configure -a, then apt-get -f install) and run again`;
    return [{ property: "packages", reason }];
  }
  const { dryRun } = found;
  if (dryRun === undefined) return [];
  return dryRun.outcome === "impossible" ? [describeComplaint(manager, dryRun)] : checkRemovals(manager, dryRun);
}

function describeComplaint(manager: PackageManagerKind, { complaint }: DryRun): Problem {
  const unknown = NOT_FOUND.flatMap((pattern) => [...complaint.matchAll(pattern)].map(([, name = ""]) => name));
  if (unknown.length > 0) {
    const reason = `${TOOLS[manager]} does not find ${[...new Set(unknown)].join(", ")}; correct packages, or bring the host's lists of packages up to date (${REFRESH[manager]}) and run again`;
    return { property: "packages", reason };
  }
  const said = complaint === "" ? "it gave no reason, or did not end in time" : `it said: ${complaint}`;
  const reason = `${TOOLS[manager]} cannot install them; ${said}. See that its repositories can be reached and that nothing is broken or held (${REFRESH[manager]}), then run again`;
  return { property: "packages", reason };
}

function checkRemovals(manager: PackageManagerKind, { changes }: DryRun): Problem[] {
  const leaving = changes.filter(({ action }) => action === "remove").map(({ name }) => name);
  if (leaving.length === 0) return [];
  const reason = `${TOOLS[manager]} would have to remove ${leaving.join(", ")}, which may be needed; remove them by hand if they are not, or name other packages`;
  return [{ property: "packages", reason }];
}

/** Whether libvirt's daemons can be what is declared. */
export function checkDaemons(found: VirtualizationFacts, mode: DaemonMode): Problem[] {
  const other = mode === "monolithic" ? "modular" : "monolithic";
  const daemon = DAEMONS[mode][0];
  if (isUsed(found.units, other) && !isUsed(found.units, mode)) {
    const reason = `the host uses ${DAEMONS[other][0]}, and guests that run would lose their daemon; leave daemons at auto, or switch by hand first (systemctl disable --now ${listSwitch(other)}; systemctl enable --now ${daemon}.socket)`;
    return [{ property: "daemons", reason }];
  }
  const masked = found.units.filter(
    ({ name, load }) => load === "masked" && unitsOf(daemon).slice(0, 2).includes(name),
  );
  if (masked.length === 0) return [];
  const names = masked.map(({ name }) => name).join(" ");
  return [
    {
      property: "daemons",
      reason: `${names} is masked on the host; unmask it (systemctl unmask ${names}) and run again`,
    },
  ];
}

function listSwitch(mode: DaemonMode): string {
  return unitsOf(DAEMONS[mode][0]).join(" ");
}
