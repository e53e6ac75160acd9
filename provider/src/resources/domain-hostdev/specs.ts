import type { HostFacts } from "../../model/host-facts";
import {
  findCardSlot,
  functionOfSlot,
  readGuestTopology,
  type GuestTopology,
} from "../../model/libvirt/guest-topology";
import { isOurs, type Hostdev } from "../../model/libvirt/hostdev";
import type { HostdevSpec } from "../../model/libvirt/hostdev-spec";
import { splitPciAddress, type PciAddress } from "../../model/pci/address";
import { addressOf, optionsOf, type DeviceInput } from "./devices";
import type { DomainHostdevInputs } from "./inputs";

/** What is declared of each device, as elements of a domain with this configuration. */
export function declareHostdevs(
  inputs: DomainHostdevInputs,
  xml: string,
  present: readonly Hostdev[],
  facts: HostFacts,
): HostdevSpec[] {
  const seats = inputs.multifunction === true ? seatCards(inputs.devices, xml, present, facts) : undefined;
  return inputs.devices.map((device) => {
    const address = addressOf(device);
    const { managed = inputs.managed, guestAddress, ...options } = optionsOf(device);
    const seat = seats?.get(address) ?? (guestAddress === undefined ? undefined : { address: guestAddress });
    return { address, managed, ...pick(options), ...(seat !== undefined && { guestAddress: seat }) };
  });
}

function pick({ rom, bootOrder, driverModel, acpiIndex }: ReturnType<typeof optionsOf>): Partial<HostdevSpec> {
  return {
    ...(rom !== undefined && {
      rom: Object.fromEntries(Object.entries(rom).filter(([, value]) => value !== undefined)),
    }),
    ...(bootOrder !== undefined && { bootOrder }),
    ...(driverModel !== undefined && { driverModel }),
    ...(acpiIndex !== undefined && { acpiIndex }),
  };
}

type Seat = NonNullable<HostdevSpec["guestAddress"]>;

/** Functions of one card, lowest first. Virtual functions share the numbers of a slot without being one card. */
export function listCards(devices: readonly DeviceInput[], facts: HostFacts): PciAddress[][] {
  const cards = new Map<string, PciAddress[]>();
  for (const address of devices.map(addressOf).sort()) {
    if (facts.pci.some((one) => one.address === address && one.physicalFunction !== undefined)) continue;
    const slot = address.slice(0, -2);
    cards.set(slot, [...(cards.get(slot) ?? []), address]);
  }
  return [...cards.values()].filter((card) => card.length > 1);
}

/** A guest slot for every card: the one that is declared, the one that it has, or a free one. */
function seatCards(
  devices: readonly DeviceInput[],
  xml: string,
  present: readonly Hostdev[],
  facts: HostFacts,
): ReadonlyMap<PciAddress, Seat> {
  const topology = readGuestTopology(xml);
  const seats = new Map<PciAddress, Seat>();
  for (const card of listCards(devices, facts)) {
    const reserved = [...seats.values()].map(({ address }) => address);
    const slot =
      declaredSlot(card, devices) ??
      presentSlot(card, present, topology) ??
      findCardSlot(withoutCard(topology, card), reserved);
    if (slot === undefined) continue;
    for (const [i, address] of card.entries()) {
      const number = guestFunction(card, i);
      seats.set(address, { address: functionOfSlot(slot, number), ...(number === 0 && { multifunction: true }) });
    }
  }
  return seats;
}

/** The guest looks at function 0 first; so the lowest function is that, and the others keep their numbers if they can. */
function guestFunction(card: readonly PciAddress[], i: number): number {
  const [first, own] = [card[0], card[i]].map(
    (address) => splitPciAddress(address ?? ("0000:00:00.0" as PciAddress)).function,
  );
  return first === 0 ? (own ?? i) : i;
}

function declaredSlot(card: readonly PciAddress[], devices: readonly DeviceInput[]): PciAddress | undefined {
  const declared = devices
    .filter((device) => card.includes(addressOf(device)))
    .flatMap((device) => optionsOf(device).guestAddress ?? []);
  return declared[0] === undefined ? undefined : functionOfSlot(declared[0], 0);
}

/** A card that has a slot of its own already stays there. */
function presentSlot(
  card: readonly PciAddress[],
  present: readonly Hostdev[],
  { seats, root }: GuestTopology,
): PciAddress | undefined {
  const first = present.find((hostdev) => hostdev.source === card[0] && isOurs(hostdev))?.guestAddress?.address;
  if (first?.endsWith(".0") !== true) return undefined;
  const isAlone = seats.every(
    ({ address, source }) =>
      address.slice(0, -2) !== first.slice(0, -2) || (source !== undefined && card.includes(source)),
  );
  return isAlone && !(root === "express" && first.startsWith("0000:00:")) ? first : undefined;
}

/** The card's own seats are free for it. */
function withoutCard(topology: GuestTopology, card: readonly PciAddress[]): GuestTopology {
  return {
    ...topology,
    seats: topology.seats.filter(({ source }) => source === undefined || !card.includes(source)),
  };
}
