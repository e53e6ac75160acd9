import type { Change, ChangeStep } from "../../model/change";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import { isIommuActive } from "../../model/iommu/active";
import { describeFunction } from "../../model/pci/describe";
import { describeGroup, listMembersToMove, type PciGroup } from "../../model/pci/group";
import { checkDeviceAlone, checkSafety, listWaived, type SafetyOptions } from "../../model/pci/safety";
import { selectDevice } from "../../model/pci/selector";
import type { Planned, PlanResult, Problem } from "../definition";
import { findOwnFiles, parseRules } from "./boot-files";
import { planBinding, planUnbinding, type BootPlan } from "./boot-plan";
import type { PciGroupDetachmentInputs } from "./inputs";
import { planPreparation } from "./prepare-plan";
import { describeReturn, listExtras, returnStep, type Returning } from "./return-plan";
import {
  describeMembers,
  driverRecordName,
  isTaken,
  renderDriverRecord,
  type GroupMember,
  type PciGroupDetachmentState,
} from "./state";

/** Plans the move of a whole IOMMU group to its new driver, now and at every boot. */
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
  if (group === undefined) return planWithoutGroup(inputs, facts, options, prior?.members ?? []);
  const moving = listMembersToMove(group, { device: device.address, driver: inputs.driver });
  const findings = checkSafety(facts, moving.length === 0 ? [] : moving, options);
  if (findings.length > 0) return refuse(findings);
  const state = describeMembers(facts, device.address, inputs.driver, prior?.members ?? []);
  const waived = listWaived(facts, moving, options).map((finding) => `waived: ${finding.message}`);
  const boot = planBoot(inputs, facts, device, { group, moving, members: state?.members ?? [] });
  if (boot.problems.length > 0) return { outcome: "refused", problems: boot.problems };
  const bound = findOwnFiles(facts, inputs.device).flatMap(parseRules);
  const extras = listExtras(inputs, facts, bound, group.endpoints);
  const isNew = prior?.group === -1;
  return planMove(inputs, facts, { moving, extras, boot, waived, isNew }, state);
}

function refuse(findings: readonly { message: string }[]): PlanResult {
  return {
    outcome: "refused",
    problems: findings.map((finding): Problem => ({ property: "device", reason: finding.message })),
  };
}

/** While the IOMMU is not active there are no groups: the device can be checked alone, and prepared. */
function planWithoutGroup(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  options: SafetyOptions,
  prior: readonly GroupMember[],
): PlanResult {
  const { device } = options;
  const alone = checkDeviceAlone(facts, options);
  if (alone.findings.length > 0) return refuse(alone.findings);
  const warnings = alone.hint === undefined ? [] : [alone.hint];
  if (inputs.whenInactive === "prepare" && inputs.persist) {
    const functions = [device, ...alone.siblings];
    const findings = checkSafety(facts, functions, options);
    if (findings.length > 0) return refuse(findings);
    return planPreparation(inputs, facts, { device, functions, prior, warnings });
  }
  const { state, remedy } = explainMissingGroup(facts);
  return {
    outcome: "later",
    reason: `the IOMMU ${state}, so ${device.address} has no IOMMU group and cannot be given to ${inputs.driver}. ${remedy}`,
    plan: {
      device: describeFunction(device),
      knownAfterReboot: `the IOMMU group of the device, its other members and what they lose; the IOMMU ${state} yet`,
    },
    warnings,
  };
}

/** Kernels that use Intel's IOMMU by themselves may leave the integrated graphics out until they are told to. */
function explainMissingGroup(facts: HostFacts): { readonly state: string; readonly remedy: string } {
  const reboot =
    'for this host with reboot.policy "ifRequired" and let this resource depend on it, or reboot the host by hand once its command line is in place';
  return isIommuActive(facts)
    ? {
        state: "does not translate for this device",
        remedy: `Declare a HostIommuConfig with kernelArguments.present ["intel_iommu=on"] (Debian's kernel leaves integrated graphics out without it) ${reboot}`,
      }
    : { state: "is not active", remedy: `Declare a HostIommuConfig ${reboot}` };
}

interface GroupMove {
  readonly group: PciGroup;
  readonly moving: readonly PciFunction[];
  readonly members: readonly GroupMember[];
}

/** A sibling that stays on another VFIO driver, as a host bridge without one does, is not bound at boot either. */
function planBoot(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  device: PciFunction,
  { group, moving, members }: GroupMove,
): BootPlan {
  if (!inputs.persist) return planUnbinding(facts, inputs, device.address);
  const functions = group.endpoints.filter((member) => member.driver === inputs.driver || moving.includes(member));
  const drivers = members.map(({ previousDriver }) => previousDriver).filter((driver) => driver !== inputs.driver);
  const rivals = [...new Set(drivers)].filter((driver) => driver !== "");
  return planBinding(facts, inputs.device, { device, driver: inputs.driver, functions, rivals });
}

interface Move {
  readonly moving: readonly PciFunction[];
  /** Functions that were prepared while the group was not known, and are not in it. */
  readonly extras: readonly Returning[];
  readonly boot: BootPlan;
  readonly waived: readonly string[];
  /** The group was not known when the functions were prepared. */
  readonly isNew: boolean;
}

function planMove(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  move: Move,
  state: PciGroupDetachmentState | undefined,
): Planned {
  const { moving, extras, boot, waived, isNew } = move;
  const steps = [
    ...moving.map(
      (member) => `move ${describeFunction(member)} from ${member.driver ?? "no driver"} to ${inputs.driver}`,
    ),
    ...boot.steps,
    ...extras.map((one) => `${describeReturn(one)}: it is not in the group`),
    ...(isNew ? [`note the group, which was not known before: ${String(state?.group)}`] : []),
  ];
  const bridges = (state?.bridges ?? []).map((address) => `leave bridge ${address} alone`);
  return {
    outcome: "planned",
    steps,
    plan: { leftAlone: bridges },
    computed: { group: state?.group ?? -1, members: state?.members ?? [], bridges: state?.bridges ?? [] },
    warnings: [...waived, ...boot.warnings],
    ...(moving.length + boot.steps.length + extras.length > 0 && { change: moveChange(inputs, facts, move) }),
  };
}

function moveChange(inputs: PciGroupDetachmentInputs, facts: HostFacts, { moving, extras, boot }: Move): Change {
  const hasLibvirt = facts.libvirt.version !== undefined && facts.libvirt.connectError === undefined;
  // libvirt chooses the driver by itself before version 10, so any but vfio-pci is bound through sysfs.
  const method: "virsh" | "sysfs" = hasLibvirt && inputs.driver === "vfio-pci" ? "virsh" : "sysfs";
  const touched = [...moving, ...extras.map(({ now }) => now)];
  return {
    label: "PciGroupDetachment",
    expectations: [{ kind: "boot", bootId: facts.identity.bootId }, ...touched.map(expectDevice), ...boot.expectations],
    steps: [
      ...moving.filter((member) => !isReserved(member, inputs.driver, facts)).map(recordDriver),
      ...boot.files,
      ...moving.map((member) => ({
        kind: "take" as const,
        address: member.address,
        driver: inputs.driver,
        method: method,
        timeoutSeconds: inputs.timeoutSeconds,
      })),
      ...boot.images,
      ...extras.flatMap((one): ChangeStep[] => [
        returnStep(inputs, one),
        { kind: "forget", name: driverRecordName(one.now.address) },
      ]),
      ...(hasLibvirt ? moving.map((member) => ({ kind: "show-node" as const, address: member.address })) : []),
    ],
  };
}

/** What our rule kept for a driver that did not come has lost its own by that; the older note is the right one. */
function isReserved(member: PciFunction, driver: string, facts: HostFacts): boolean {
  return isTaken(member, driver) && driverRecordName(member.address) in facts.records;
}

function recordDriver(member: PciFunction): ChangeStep {
  return { kind: "record", name: driverRecordName(member.address), text: renderDriverRecord(member) };
}

function expectDevice(member: PciFunction): Change["expectations"][number] {
  return { kind: "device", address: member.address, id: member.id, driver: member.driver };
}
