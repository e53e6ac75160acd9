import type { Change } from "../../model/change";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import type { PciAddress } from "../../model/pci/address";
import { describeFunction } from "../../model/pci/describe";
import { describeGroup, listMembersToMove } from "../../model/pci/group";
import { checkDeviceAlone, checkSafety, listWaived } from "../../model/pci/safety";
import { selectDevice } from "../../model/pci/selector";
import type { Later, Planned, PlanResult, Problem } from "../definition";
import type { PciGroupDetachmentInputs } from "./inputs";
import {
  describeMembers,
  driverRecordName,
  renderDriverRecord,
  type GroupMember,
  type PciGroupDetachmentState,
} from "./state";

/** Plans the move of a whole IOMMU group to its new driver. */
export function planDetachment(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  prior: Partial<PciGroupDetachmentState> | undefined,
): PlanResult {
  const selection = selectDevice(facts, inputs.device);
  if ("problem" in selection) return { outcome: "refused", problems: [selection.problem] };
  const { device } = selection;
  const options = { device, allow: inputs.allow, claims: listDeviceClaims(facts) };
  const group = describeGroup(facts, device.address);
  if (group === undefined) {
    const alone = checkDeviceAlone(facts, options);
    return alone.findings.length > 0 ? refuse(alone.findings) : planLater(inputs, device, alone.hint);
  }
  const moving = listMembersToMove(group, { device: device.address, driver: inputs.driver });
  const findings = checkSafety(facts, moving.length === 0 ? [] : moving, options);
  if (findings.length > 0) return refuse(findings);
  const state = describeMembers(facts, device.address, inputs.driver, prior?.members ?? []);
  const waived = listWaived(facts, moving, options).map((finding) => `waived: ${finding.message}`);
  return planMove(inputs, facts, moving, waived, state);
}

function refuse(findings: readonly { message: string }[]): PlanResult {
  return {
    outcome: "refused",
    problems: findings.map((finding): Problem => ({ property: "device", reason: finding.message })),
  };
}

function planLater(inputs: PciGroupDetachmentInputs, device: PciFunction, hint: string | undefined): Later {
  return {
    outcome: "later",
    reason:
      `the IOMMU is not active, so ${device.address} has no IOMMU group and cannot be given to ${inputs.driver}. ` +
      'Declare a HostIommuConfig for this host with reboot.policy "ifRequired" and let this resource depend on it, or reboot the host by hand once its command line is in place',
    plan: {
      device: describeFunction(device),
      knownAfterReboot:
        "the IOMMU group of the device, its other members and what they lose; the IOMMU is not active yet",
    },
    warnings: hint === undefined ? [] : [hint],
  };
}

function planMove(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  moving: readonly PciFunction[],
  warnings: readonly string[],
  state: PciGroupDetachmentState | undefined,
): Planned {
  const steps = moving.map(
    (member) => `move ${describeFunction(member)} from ${member.driver ?? "no driver"} to ${inputs.driver}`,
  );
  const bridges = (state?.bridges ?? []).map((address) => `leave bridge ${address} alone`);
  return {
    outcome: "planned",
    steps,
    plan: { leftAlone: bridges },
    computed: { group: state?.group ?? -1, members: state?.members ?? [], bridges: state?.bridges ?? [] },
    warnings,
    ...(moving.length > 0 && { change: moveChange(inputs, facts, moving) }),
  };
}

function moveChange(inputs: PciGroupDetachmentInputs, facts: HostFacts, moving: readonly PciFunction[]): Change {
  const hasLibvirt = facts.libvirt.version !== undefined && facts.libvirt.connectError === undefined;
  // libvirt chooses the driver by itself before version 10, so any but vfio-pci is bound through sysfs.
  const method: "virsh" | "sysfs" = hasLibvirt && inputs.driver === "vfio-pci" ? "virsh" : "sysfs";
  return {
    label: "PciGroupDetachment",
    expectations: [{ kind: "boot", bootId: facts.identity.bootId }, ...moving.map(expectDevice)],
    steps: [
      ...moving.map((member) => ({
        kind: "record" as const,
        name: driverRecordName(member.address),
        text: renderDriverRecord(member),
      })),
      ...moving.map((member) => ({
        kind: "take" as const,
        address: member.address,
        driver: inputs.driver,
        method: method,
        timeoutSeconds: inputs.timeoutSeconds,
      })),
      ...(hasLibvirt ? moving.map((member) => ({ kind: "show-node" as const, address: member.address })) : []),
    ],
  };
}

function expectDevice(member: PciFunction): Change["expectations"][number] {
  return { kind: "device", address: member.address, id: member.id, driver: member.driver };
}

/** Plans how the members go back to the drivers they had. */
export function planReturn(
  inputs: PciGroupDetachmentInputs,
  state: PciGroupDetachmentState,
  facts: HostFacts,
): PlanResult {
  const claims = listDeviceClaims(facts);
  const moved: { member: GroupMember; now: PciFunction }[] = [];
  const warnings: string[] = [];
  for (const member of state.members) {
    const now = facts.pci.find((device) => device.address === member.address);
    // A function that is gone, or another card at its address, is not ours to give back.
    if (now?.id !== member.id) warnings.push(`${member.address} is no longer ${member.id}; it is left as it is`);
    else if (now.driver === inputs.driver && member.previousDriver !== inputs.driver) moved.push({ member, now });
  }
  const records = state.members.map((member) => `driver-${member.address}`).filter((name) => name in facts.records);
  const problems = moved.flatMap(({ now }) => activeUsers(claims.get(now.address) ?? [], now.address));
  if (problems.length > 0) return { outcome: "refused", problems };
  return {
    outcome: "planned",
    steps: moved.map(({ member }) => `give ${member.address} back to ${member.previousDriver || "no driver"}`),
    plan: {},
    computed: {},
    warnings,
    ...((moved.length > 0 || records.length > 0) && { change: returnChange(inputs, facts, moved, records) }),
  };
}

function activeUsers(claims: readonly { domain: string; isActive: boolean }[], address: PciAddress): Problem[] {
  return claims
    .filter((claim) => claim.isActive)
    .map((claim) => ({
      property: "device",
      reason: `${address} is in use by the running domain ${claim.domain}; shut the domain down first`,
    }));
}

function returnChange(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  moved: readonly { member: GroupMember; now: PciFunction }[],
  records: readonly string[],
): Change {
  return {
    label: "PciGroupDetachment-delete",
    expectations: [{ kind: "boot", bootId: facts.identity.bootId }, ...moved.map(({ now }) => expectDevice(now))],
    steps: [
      ...moved.map(({ member, now }) => ({
        kind: "return" as const,
        address: now.address,
        driver: member.previousDriver === "" ? undefined : member.previousDriver,
        timeoutSeconds: inputs.timeoutSeconds,
      })),
      ...records.map((name) => ({ kind: "forget" as const, name })),
    ],
  };
}
