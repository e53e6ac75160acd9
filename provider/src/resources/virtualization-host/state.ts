import type { HostFacts } from "../../model/host-facts";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { isOn } from "../../model/packages/daemons";
import type { VirtualizationFacts } from "../../model/packages/package-facts";
import type { JsonObject } from "../definition";

/** Name of the host's note of what we brought and switched on. */
export const BROUGHT_RECORD = "virtualization-packages";

/** A line of `virt-host-validate`. */
export interface StoredCheck extends JsonObject {
  readonly check: string;
  readonly result: string;
  readonly detail: string;
}

/** Outputs of a VirtualizationHost. */
export interface VirtualizationHostState extends JsonObject {
  readonly connectUri: string;
  readonly libvirtVersion: string;
  readonly installedPackages: readonly string[];
  readonly services: readonly string[];
  readonly kvm: boolean;
  readonly validation: readonly StoredCheck[];
}

/** What we brought or were about to bring: it was not there, or not on, before. */
export interface Brought {
  readonly packages: readonly string[];
  readonly units: readonly string[];
}

/** Reads the note. */
export function parseBrought(facts: HostFacts): Brought {
  const rows = (facts.records[BROUGHT_RECORD] ?? "").split("\n");
  function list(kind: string): string[] {
    return rows.flatMap((row) => (row.startsWith(`${kind} `) ? [row.slice(kind.length + 1)] : []));
  }
  return { packages: list("package"), units: list("unit") };
}

/** Text of the note. */
export function renderBrought({ packages, units }: Brought): string {
  return [...packages.map((name) => `package ${name}`), ...units.map((name) => `unit ${name}`)]
    .map((row) => `${row}\n`)
    .join("");
}

/** The part of the facts that only a reading for this resource has. */
export function requireVirtualization(facts: HostFacts): VirtualizationFacts {
  if (facts.virtualization === undefined) throw new Error("the host was read without its packages");
  return facts.virtualization;
}

/** Those of our packages that are installed. */
export function listBroughtPackages(facts: HostFacts): string[] {
  const installed = new Set(requireVirtualization(facts).installed.map(({ name }) => name));
  return [...new Set(parseBrought(facts).packages)].filter((name) => installed.has(name)).sort();
}

/** Those of our units that are on. */
export function listBroughtUnits(facts: HostFacts): string[] {
  const { units } = requireVirtualization(facts);
  return [...new Set(parseBrought(facts).units)].filter((name) => isOn(units, name)).sort();
}

/** Describes a host as it is. */
export function describeHost(facts: HostFacts): VirtualizationHostState {
  const { hasKvm, validation } = requireVirtualization(facts);
  return {
    connectUri: SYSTEM_URI,
    libvirtVersion: facts.libvirt.version ?? "",
    installedPackages: listBroughtPackages(facts),
    services: listBroughtUnits(facts),
    kvm: hasKvm,
    validation: validation.map(({ check, result, detail }) => ({ check, result, detail })),
  };
}
