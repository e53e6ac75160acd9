import type { DistributionFamily, UnitFacts } from "./package-facts";

/** One daemon for everything, or one for each driver: libvirt's documentation, "Libvirt Daemons". */
export type DaemonMode = "monolithic" | "modular";

/** The daemons of each kind; the first is the one for QEMU. */
export const DAEMONS: Readonly<Record<DaemonMode, readonly [string, ...string[]]>> = {
  monolithic: ["libvirtd"],
  modular: [
    "virtqemud",
    "virtnodedevd",
    "virtnetworkd",
    "virtstoraged",
    "virtsecretd",
    "virtnwfilterd",
    "virtinterfaced",
  ],
};

/** What a distribution enables where it ships both. */
const PREFERRED: Readonly<Record<DistributionFamily, DaemonMode>> = {
  debian: "monolithic",
  fedora: "modular",
  "red-hat": "modular",
  suse: "monolithic",
  arch: "monolithic",
};

export function preferredMode(family: DistributionFamily | undefined): DaemonMode {
  return family === undefined ? "monolithic" : PREFERRED[family];
}

/** Units of a daemon: its service and its sockets. */
export function unitsOf(daemon: string): string[] {
  return [`${daemon}.service`, `${daemon}.socket`, `${daemon}-ro.socket`, `${daemon}-admin.socket`];
}

function findUnits(units: readonly UnitFacts[], daemon: string): UnitFacts[] {
  return units.filter(({ name }) => name === `${daemon}.service` || name === `${daemon}.socket`);
}

/** Whether a daemon is enabled or runs. */
export function isUsed(units: readonly UnitFacts[], mode: DaemonMode): boolean {
  const own = findUnits(units, DAEMONS[mode][0]);
  return own.some(({ file, active }) => file === "enabled" || active === "active");
}

/** Whether the host has the daemon for QEMU of this kind. */
export function isPresent(units: readonly UnitFacts[], mode: DaemonMode): boolean {
  return findUnits(units, DAEMONS[mode][0]).some(({ load }) => load === "loaded");
}

/** The kind that a host uses, or will when its packages are there. The script of the change decides in the same way. */
export function chooseMode(
  units: readonly UnitFacts[],
  wanted: "auto" | DaemonMode,
  family: DistributionFamily | undefined,
): DaemonMode {
  if (wanted !== "auto") return wanted;
  if (isUsed(units, "monolithic")) return "monolithic";
  if (isUsed(units, "modular")) return "modular";
  const preferred = preferredMode(family);
  const other = preferred === "monolithic" ? "modular" : "monolithic";
  return !isPresent(units, preferred) && isPresent(units, other) ? other : preferred;
}

/** What a daemon lacks: words for steps. A driver's daemon that the packages do not bring is not missed. */
export function listLacks(units: readonly UnitFacts[], daemon: string): ("enable" | "start")[] {
  const own = findUnits(units, daemon).filter(({ load }) => load === "loaded");
  if (own.length === 0) return [];
  return [
    ...(own.some(({ file }) => file === "enabled") ? [] : (["enable"] as const)),
    ...(own.some(({ active }) => active === "active") ? [] : (["start"] as const)),
  ];
}

/** Units that are not enabled and do not run: what a change of ours may switch on. */
export function listIdleUnits(units: readonly UnitFacts[]): string[] {
  return [...DAEMONS.monolithic, ...DAEMONS.modular].flatMap(unitsOf).filter((name) => !isOn(units, name));
}

/** Whether a unit is enabled or runs. */
export function isOn(units: readonly UnitFacts[], name: string): boolean {
  return units.some((unit) => unit.name === name && (unit.file === "enabled" || unit.active === "active"));
}
