import type { HostFacts, PciFunction } from "../../provider/src/model/host-facts";
import { describeGroup, listMembersToMove } from "../../provider/src/model/pci/group";
import { checkSafety, type SafetyOptions } from "../../provider/src/model/pci/safety";
import type { SafetyFinding } from "../../provider/src/model/pci/safety-finding";
import { pciAddress } from "./facts-builder";

/** The function at an address of the facts. */
export function findFunction(facts: HostFacts, address: string): PciFunction {
  const device = facts.pci.find((candidate) => candidate.address === pciAddress(address));
  if (device === undefined) throw new Error(`the facts have no function ${address}`);
  return device;
}

/** What refuses to give a device and its group to vfio-pci. */
export function ask(
  facts: HostFacts,
  address: string,
  options: Partial<Omit<SafetyOptions, "device">> = {},
): SafetyFinding[] {
  const device = findFunction(facts, address);
  const group = describeGroup(facts, device.address);
  const members = group === undefined ? [] : listMembersToMove(group, { device: device.address, driver: "vfio-pci" });
  return checkSafety(facts, members, { allow: [], claims: new Map(), ...options, device });
}

/** Rule and short address of each finding, such as `ssh-session 00:02.0`. */
export function summarize(findings: readonly SafetyFinding[]): string[] {
  return findings.map((finding) => `${finding.rule} ${finding.address.slice("0000:".length)}`);
}
