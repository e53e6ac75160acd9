import type { PciAddress } from "../pci/address";
import { joinPciAddress, splitPciAddress } from "../pci/address";
import { parseAddress } from "./address-xml";
import { findDomain, listDevices, parseController } from "./domain-xml";
import { parseHostdev } from "./hostdev";
import { parseXml } from "./xml";
import { attributeOf, firstChild } from "./xml-query";

/** The PCI side of a guest: what kind of root it has, and who sits where. */
export interface GuestTopology {
  /** `express`: q35 and its like, whose devices sit on root ports; `conventional`: i440fx, one bus of 32 slots. */
  readonly root: "express" | "conventional";
  readonly hasAcpi: boolean;
  /** Buses behind one root port each. */
  readonly ports: readonly number[];
  /** Indexes of all PCI controllers. */
  readonly buses: readonly number[];
  /** Where each device sits; a host device with its source. */
  readonly seats: readonly { readonly address: PciAddress; readonly source?: PciAddress; readonly element: string }[];
}

const PORTS: ReadonlySet<string> = new Set(["pcie-root-port", "pcie-switch-downstream-port"]);

/** Machines whose root is PCI Express; `q35` stands in `pc-q35-7.2` too. */
const EXPRESS_MACHINES = /(^|-)(q35|virt)(-|$)/;

/** Reads the PCI side of a domain's XML. */
export function readGuestTopology(xml: string): GuestTopology {
  const domain = findDomain(parseXml(xml));
  const devices = listDevices(domain);
  const controllers = devices
    .filter((device) => device.name === "controller" && attributeOf(device, "type") === "pci")
    .map(parseController);
  const machine = attributeOf(firstChild(firstChild(domain, "os"), "type"), "machine") ?? "";
  const isExpress = controllers.some(({ model }) => model === "pcie-root") || EXPRESS_MACHINES.test(machine);
  return {
    root: isExpress ? "express" : "conventional",
    hasAcpi: firstChild(firstChild(domain, "features"), "acpi") !== undefined,
    ports: controllers.flatMap(({ index, model = "" }) => (PORTS.has(model) && index !== undefined ? [index] : [])),
    buses: controllers.flatMap(({ index }) => index ?? []),
    seats: devices.flatMap((device) => {
      const element = firstChild(device, "address");
      if (element === undefined || attributeOf(element, "type") !== "pci") return [];
      const address = attributeOf(element, "slot") === undefined ? undefined : parseAddress(element);
      if (address === undefined) return [];
      const source = device.name === "hostdev" ? parseHostdev(xml, device)?.source : undefined;
      return [{ address, element: device.name, ...(source !== undefined && { source }) }];
    }),
  };
}

/** Buses behind root ports that nothing sits on, lowest first. */
export function freePorts({ ports, seats }: GuestTopology): number[] {
  const taken = new Set(seats.map(({ address }) => splitPciAddress(address).bus));
  return ports.filter((port) => !taken.has(port)).sort((a, b) => a - b);
}

/** First slot of a conventional bus that may be given out: below are the chipset and the usual place of the display. */
const FIRST_SLOT = 3;

/**
 * A slot for a whole card. On q35 that is a free root port, or the bus of one that does not exist yet: libvirt 9.0 was seen
 * to add the root ports up to a bus that an address names. On i440fx it is a free slot of the one bus. Undefined: none left.
 */
export function findCardSlot(topology: GuestTopology, reserved: readonly PciAddress[]): PciAddress | undefined {
  if (topology.root === "express") {
    const given = new Set(reserved.map((address) => splitPciAddress(address).bus));
    const free = freePorts(topology).find((port) => !given.has(port));
    const bus = free ?? Math.max(0, ...topology.buses, ...given) + 1;
    return bus > 0xff ? undefined : joinPciAddress({ domain: 0, bus, slot: 0, function: 0 });
  }
  const taken = [...topology.seats.map(({ address }) => address), ...reserved].map(splitPciAddress);
  const slots = Array.from({ length: 32 - FIRST_SLOT }, (_unused, i) => FIRST_SLOT + i);
  const slot = slots.find((one) => !taken.some(({ bus, slot: other }) => bus === 0 && other === one));
  return slot === undefined ? undefined : joinPciAddress({ domain: 0, bus: 0, slot, function: 0 });
}

/** The same slot's function of this number. */
export function functionOfSlot(slot: PciAddress, number: number): PciAddress {
  return joinPciAddress({ ...splitPciAddress(slot), function: number });
}
