import { z } from "zod";

import type { HostFacts, PciFunction } from "../host-facts";
import { PciAddress } from "./address";
import { describeFunction, describeFunctions, joinWords, sortFunctions } from "./describe";

/** `vendor:device` of a PCI function, as `lspci -n` writes it; lower-case in the value. */
export const PciId = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .refine((text) => /^[0-9a-f]{4}:[0-9a-f]{4}$/.test(text), {
    error: (issue) => `${JSON.stringify(issue.input)} is not a PCI id; expected vendor:device such as 10de:2684`,
  });
export type PciId = z.infer<typeof PciId>;

/** Names one function of a host: by address, by id where it is unique, or by an address whose id must match. */
export const DeviceSelector = z
  .strictObject({
    address: PciAddress.optional().describe(
      "Address of the function, domain:bus:slot.function in hexadecimal; the domain may be left out.",
    ),
    id: PciId.optional().describe("vendor:device of the function in hexadecimal, such as 10de:2684."),
  })
  .refine((selector) => selector.address !== undefined || selector.id !== undefined, {
    error: "expected an address, an id, or both",
  });
export type DeviceSelector = z.infer<typeof DeviceSelector>;

/** What is wrong with a selector on this host, and at which input. */
export interface SelectionProblem {
  readonly property: "device" | "device.address" | "device.id";
  readonly reason: string;
}

export type DeviceSelection = { readonly device: PciFunction } | { readonly problem: SelectionProblem };

/** Finds the function that a selector means. */
export function selectDevice(facts: HostFacts, selector: DeviceSelector): DeviceSelection {
  const { address, id } = selector;
  if (address !== undefined) return selectByAddress(facts, address, id);
  if (id !== undefined) return selectById(facts, id);
  return problem("device", "Neither an address nor an id is given.");
}

function selectByAddress(facts: HostFacts, address: PciAddress, id: PciId | undefined): DeviceSelection {
  const device = facts.pci.find((candidate) => candidate.address === address);
  if (device === undefined) return problem("device.address", explainMissingAddress(facts, address, id));
  if (id === undefined || id === device.id) return { device };
  return problem(
    "device.id",
    `${describeFunction(device)} is not ${id}. ${explainWhereabouts(facts, id)} ` +
      "Buses are renumbered when cards are added or removed, so check the address.",
  );
}

function selectById(facts: HostFacts, id: PciId): DeviceSelection {
  const [device, ...others] = findById(facts, id);
  if (device === undefined) return problem("device.id", explainMissingId(facts, id));
  if (others.length === 0) return { device };
  return problem(
    "device.id",
    `${id} is not unique on the host: it is at ${describeFunctions([device, ...others])}. ` +
      "Give the address of the one that is meant.",
  );
}

function explainMissingAddress(facts: HostFacts, address: PciAddress, id: PciId | undefined): string {
  return [
    `The host has no PCI function ${address}.`,
    explainBus(facts, address),
    ...(id === undefined ? [] : [explainWhereabouts(facts, id)]),
    "Buses are renumbered when cards are added or removed, so an address that was right may have moved.",
  ].join(" ");
}

function explainBus(facts: HostFacts, address: PciAddress): string {
  const bus = busOf(address);
  const neighbours = sortFunctions(facts.pci.filter((device) => busOf(device.address) === bus));
  if (neighbours.length > 0) return `On bus ${bus} there is ${describeFunctions(neighbours)}.`;
  const buses = [...new Set(facts.pci.map((device) => busOf(device.address)))].sort();
  return buses.length === 0 ? "The host shows no PCI functions at all." : `Its buses are ${joinWords(buses)}.`;
}

function explainMissingId(facts: HostFacts, id: PciId): string {
  const missing = `The host has no PCI function with id ${id}.`;
  const sameVendor = facts.pci.filter((device) => device.id.startsWith(id.slice(0, 5)));
  if (sameVendor.length === 0) return `${missing} Nor has it any other function of vendor ${id.slice(0, 4)}.`;
  return `${missing} Of the same vendor it has ${describeFunctions(sortFunctions(sameVendor))}.`;
}

function explainWhereabouts(facts: HostFacts, id: PciId): string {
  const [found, ...others] = findById(facts, id);
  if (found === undefined) return `${id} is nowhere on this host.`;
  if (others.length === 0) return `${id} is now at ${found.address}.`;
  return `${id} is now at ${joinWords([found, ...others].map((device) => device.address))}.`;
}

function findById(facts: HostFacts, id: PciId): PciFunction[] {
  return sortFunctions(facts.pci.filter((device) => device.id === id));
}

function busOf(address: PciAddress): string {
  return address.slice(0, "0000:00".length);
}

function problem(property: SelectionProblem["property"], reason: string): DeviceSelection {
  return { problem: { property, reason } };
}
