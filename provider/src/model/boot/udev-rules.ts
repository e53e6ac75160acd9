import type { PciFunction } from "../host-facts";

const ID_ATTRIBUTES = ["vendor", "device", "subsystem_vendor", "subsystem_device"];

/** What the names of our files on a host begin with; addresses hold colons, which paths and hooks had better not. */
export function ownFileName(address: string): string {
  return `passthrough-${address.replaceAll(":", "-")}`;
}

/**
 * Conditions of a udev rule by which the card is the one that was there when the rule was written. `prefix` names another
 * device than the event's, as udev(7) has it: `[pci/0000:01:00.0]`.
 */
export function renderIdConditions(one: PciFunction, prefix = ""): string {
  const names = one.subsystemId === undefined ? ["vendor", "device"] : ID_ATTRIBUTES;
  const values = `${one.id}:${one.subsystemId ?? ""}`.split(":");
  return names.map((name, index) => `ATTR{${prefix}${name}}=="0x${values[index] ?? ""}"`).join(", ");
}

/** Whom a file of ours is for. */
export interface FileOwner {
  readonly address: string;
  readonly id: string;
}

/** The first line of a file of ours: what it is for, and that it is ours as a whole. */
export function renderFileMarker(marker: string, { address, id }: FileOwner): string {
  return `${marker} ${address} ${id}; it writes and removes this file as a whole.\n`;
}

/** Whom a file with such a line is for; undefined for a file that is not ours. */
export function parseFileMarker(marker: string, text: string): FileOwner | undefined {
  const line = text.split("\n").find((row) => row.startsWith(`${marker} `));
  const [address, id] = (line?.slice(marker.length + 1) ?? "").split(";")[0]?.split(" ") ?? [];
  return address === undefined || id === undefined ? undefined : { address, id };
}
