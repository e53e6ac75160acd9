import type { HostFacts, PciFunction } from "../host-facts";
import { isPciBridge } from "./class-names";
import { describeFunctions, sortFunctions } from "./describe";
import { renderFinding, type Hazard, type SafetyFinding } from "./safety-finding";
import { findBridgeHazard, findFirmwareMemoryHazard, listHardwareHazards, type DeviceClaims } from "./safety-hardware";
import { listNetworkHazards } from "./safety-network";
import { SAFETY_RULES, type SafetyRule } from "./safety-rules";
import { listStorageHazards } from "./safety-storage";

/** What the user asked for and waived, and who holds devices. */
export interface SafetyOptions {
  /** The device that is asked for. */
  readonly device: PciFunction;
  readonly allow: readonly SafetyRule[];
  readonly claims: DeviceClaims;
}

/**
 * Lists what refuses the move of `members`, the functions that would change driver. It is empty when the move is safe or
 * all that stands against it is waived.
 */
export function checkSafety(
  facts: HostFacts,
  members: readonly PciFunction[],
  options: SafetyOptions,
): SafetyFinding[] {
  return listFindings(facts, members, options).filter((finding) => !isWaived(finding, options.allow));
}

/** Lists what the user's waivers let through, so that a plan can say what it costs. */
export function listWaived(facts: HostFacts, members: readonly PciFunction[], options: SafetyOptions): SafetyFinding[] {
  return listFindings(facts, members, options).filter((finding) => isWaived(finding, options.allow));
}

/** What can be said of a device on a host without IOMMU groups. */
export interface AloneCheck {
  readonly findings: readonly SafetyFinding[];
  /** Functions that will probably share the device's group. */
  readonly siblings: readonly PciFunction[];
  /** The siblings in words; absent without any. */
  readonly hint?: string;
}

/** Checks the device itself where its group is not known yet, because the IOMMU is off. */
export function checkDeviceAlone(facts: HostFacts, options: SafetyOptions): AloneCheck {
  const findings = checkSafety(facts, [options.device], options);
  const siblings = sortFunctions(facts.pci.filter((other) => isSibling(options.device, other)));
  if (siblings.length === 0) return { findings, siblings };
  const hint =
    `The IOMMU is off, so the group of ${options.device.address} is not known yet. ` +
    `It will probably hold ${describeFunctions(siblings)} as well.`;
  return { findings, siblings, hint };
}

function listFindings(facts: HostFacts, members: readonly PciFunction[], options: SafetyOptions): SafetyFinding[] {
  const { device, allow, claims } = options;
  const bridge = findBridgeHazard(facts, device);
  // Members of a bridge's group are not what was asked for: naming them would only distract.
  if (bridge !== undefined) return [renderFinding(bridge, allow)];
  const memory = members.length === 0 ? undefined : findFirmwareMemoryHazard(facts, device);
  const hazards = sortFunctions(members).flatMap((member) => dropFutileWaivers(listHazards(facts, member, claims)));
  return [...hazards, ...(memory === undefined ? [] : [memory])].map((hazard) => renderFinding(hazard, allow));
}

function listHazards(facts: HostFacts, member: PciFunction, claims: DeviceClaims): Hazard[] {
  return [
    ...listNetworkHazards(facts, member),
    ...listStorageHazards(facts, member),
    ...listHardwareHazards(facts, member, claims),
  ];
}

/** Where a rule that cannot be waived refuses a function, advice to waive another one would lead nowhere. */
function dropFutileWaivers(hazards: readonly Hazard[]): readonly Hazard[] {
  const absolute = hazards.filter((hazard) => !SAFETY_RULES[hazard.rule].isWaivable);
  return absolute.length === 0 ? hazards : absolute;
}

function isWaived(finding: SafetyFinding, allow: readonly SafetyRule[]): boolean {
  return finding.isWaivable && allow.some((rule) => rule === finding.rule);
}

/** Functions of one slot, or of one bus below a bridge, mostly share a group; virtual functions have their own. */
function isSibling(device: PciFunction, other: PciFunction): boolean {
  if (other.address === device.address || isPciBridge(other.class)) return false;
  if (device.physicalFunction !== undefined || other.physicalFunction !== undefined) return false;
  const isSameSlot = other.address.slice(0, -1) === device.address.slice(0, -1);
  const parent = device.ancestors[0];
  return isSameSlot || (parent !== undefined && other.ancestors[0] === parent);
}
