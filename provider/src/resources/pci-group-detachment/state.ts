import type { HostFacts, PciFunction } from "../../model/host-facts";
import type { PciAddress } from "../../model/pci/address";
import { describeClass } from "../../model/pci/class-names";
import { sortFunctions } from "../../model/pci/describe";
import { describeGroup } from "../../model/pci/group";
import type { JsonObject } from "../definition";
import type { Persistence } from "./persistence";

/** A function of the group and the driver it had before. */
export interface GroupMember extends JsonObject {
  readonly address: string;
  readonly id: string;
  readonly class: string;
  /** Empty: none. */
  readonly previousDriver: string;
}

/** Outputs of a PciGroupDetachment. */
export interface PciGroupDetachmentState extends JsonObject {
  readonly group: number;
  readonly members: readonly GroupMember[];
  /** Bridges of the group, which are left alone. */
  readonly bridges: readonly string[];
  /** Drivers as they were read back, by address; empty text: none. */
  readonly drivers: Readonly<Record<string, string>>;
  /** Whether VFIO hands the group out. */
  readonly viable: boolean;
}

/** The same with what is in place for the next boot; states from before there was persistence lack it. */
export interface StoredDetachment extends PciGroupDetachmentState {
  readonly persistence: Persistence;
}

/**
 * Describes the group of a function. A driver that we remember wins over the one that is bound now: after the move the
 * host shows only where the function went.
 */
export function describeMembers(
  facts: HostFacts,
  address: PciAddress,
  target: string,
  prior: readonly GroupMember[],
): PciGroupDetachmentState | undefined {
  const group = describeGroup(facts, address);
  if (group === undefined) return undefined;
  return {
    group: group.number,
    members: group.endpoints.map((member) => describeMember(facts, member, target, prior)),
    bridges: group.bridges.map((bridge) => bridge.address),
    drivers: Object.fromEntries(group.endpoints.map((member) => [member.address, member.driver ?? ""])),
    viable: group.isViable,
  };
}

/** Describes functions that are prepared while there are no groups. */
export function describePrepared(
  facts: HostFacts,
  functions: readonly PciFunction[],
  target: string,
  prior: readonly GroupMember[],
): GroupMember[] {
  return sortFunctions(functions).map((one) => describeMember(facts, one, target, prior));
}

/** Name of the host's note on the driver that a function had. */
export function driverRecordName(address: PciAddress): string {
  return `driver-${address}`;
}

/** Text of that note. */
export function renderDriverRecord(member: PciFunction): string {
  return `${member.id} ${member.driver ?? ""}`;
}

/** The driver in a note; undefined when there is none for the card that is there now. */
export function parseDriverRecord(text: string | undefined, id: string): string | undefined {
  const [recordedId, driver = ""] = (text ?? "").split(" ");
  return recordedId === id ? driver : undefined;
}

/** On the target driver, or kept for it: where the driver refused what our rule reserved for it, as without an IOMMU. */
export function isTaken(device: PciFunction, target: string): boolean {
  return device.driver === target || (device.driver === undefined && device.driverOverride === target);
}

/** A function on the target driver of which nothing is remembered was there before us: that is what it goes back to. */
function describeMember(
  facts: HostFacts,
  member: PciFunction,
  target: string,
  prior: readonly GroupMember[],
): GroupMember {
  const remembered = prior.find((other) => other.address === member.address && other.id === member.id);
  const recorded = parseDriverRecord(facts.records[driverRecordName(member.address)], member.id) ?? target;
  return {
    address: member.address,
    id: member.id,
    class: describeClass(member.class),
    previousDriver: isTaken(member, target) ? (remembered?.previousDriver ?? recorded) : (member.driver ?? ""),
  };
}
