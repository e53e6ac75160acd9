import type { PciFunction } from "../host-facts";
import { describeClass } from "./class-names";

const MAX_LISTED = 8;

/** Names a function for people: address, class, id and driver. */
export function describeFunction(device: PciFunction): string {
  const driver = device.driver === undefined ? "no driver" : `driver ${device.driver}`;
  return `${device.address} (${describeClass(device.class)}, ${device.id}, ${driver})`;
}

/** Joins words as prose: `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** Names several functions, and how many were left out of a long list. */
export function describeFunctions(devices: readonly PciFunction[]): string {
  const named = devices.slice(0, MAX_LISTED).map(describeFunction);
  const more = devices.length - named.length;
  return joinWords(more > 0 ? [...named, `${more} more`] : named);
}

/** Orders functions by address. */
export function sortFunctions(devices: readonly PciFunction[]): PciFunction[] {
  return [...devices].sort((a, b) => (a.address < b.address ? -1 : Number(a.address > b.address)));
}
