import type { Change, ChangeStep, Expectation } from "../../model/change";
import type { HostFacts, PciFunction, SriovFacts } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import { joinPciAddress, splitPciAddress, type PciAddress } from "../../model/pci/address";
import { describeFunction, joinWords } from "../../model/pci/describe";
import { isVfioDriver } from "../../model/pci/group";
import { listNetworkHazards } from "../../model/pci/safety-network";
import { selectDevice } from "../../model/pci/selector";
import type { Planned, PlanResult, Problem } from "../definition";
import { describeCount, planRule, planRuleRemoval, type RulePlan } from "./boot-rule";
import { listUses } from "./in-use";
import type { SriovVirtualFunctionsInputs } from "./inputs";
import {
  describeVirtualFunctions,
  listVirtualFunctions,
  readSriovRecord,
  rememberBefore,
  renderSriovRecord,
  sriovRecordName,
  type SriovVirtualFunctionsState,
} from "./state";

type Inputs = SriovVirtualFunctionsInputs;

/** A physical function and what it says of its virtual ones. */
interface Physical {
  readonly device: PciFunction;
  readonly sriov: SriovFacts;
  readonly virtual: readonly PciFunction[];
}

/** What is to be written to the physical function; undefined members stay as they are. */
interface Writing {
  readonly count: number;
  readonly driversAutoprobe: boolean | undefined;
}

/** Plans that a physical function has so many virtual ones, now and at every boot. */
export function planVirtualFunctions(
  inputs: Inputs,
  facts: HostFacts,
  prior: Partial<SriovVirtualFunctionsState> | undefined,
): PlanResult {
  const physical = findPhysical(inputs, facts);
  if ("problem" in physical) return { outcome: "refused", problems: [physical.problem] };
  const { device, sriov, virtual } = physical;
  const problems = [...checkNumber(inputs, physical), ...checkUses(facts, physical, inputs.count)];
  const isKept = inputs.persist && inputs.count > 0;
  const { count, driversAutoprobe } = inputs;
  const rule = isKept
    ? planRule(facts, inputs.device, { physical: device, count, driversAutoprobe })
    : planRuleRemoval(facts, inputs.device, device.address);
  if (problems.length + rule.problems.length > 0)
    return { outcome: "refused", problems: [...problems, ...rule.problems] };
  const isSame = count === sriov.numVfs;
  const isRightAutoprobe = driversAutoprobe === undefined || driversAutoprobe === sriov.driversAutoprobe;
  const writing = isSame && isRightAutoprobe ? undefined : { count, driversAutoprobe };
  const before = rememberBefore(facts, device, prior);
  return {
    outcome: "planned",
    steps: [...describeWriting(physical, writing), ...rule.steps],
    plan: isSame ? {} : { expected: predictAddresses(device.address, sriov, count) },
    computed: {
      physicalFunction: device.address,
      ...before,
      ...(isSame && { virtualFunctions: describeVirtualFunctions(facts, device.address) }),
    },
    warnings: isSame ? [] : [...warnOfLink(facts, device), ...warnOfLost(facts, virtual, count)],
    ...((writing !== undefined || rule.changes.length > 0) && {
      change: renderChange(inputs, facts, physical, {
        writing,
        rule,
        record: renderSriovRecord(device, { ...before, count }),
      }),
    }),
  };
}

function findPhysical(inputs: Inputs, facts: HostFacts): Physical | { readonly problem: Problem } {
  const selection = selectDevice(facts, inputs.device);
  if ("problem" in selection) return selection;
  const { device } = selection;
  if (device.physicalFunction !== undefined)
    return refuse(
      `${describeFunction(device)} is itself a virtual function; name its physical function ${device.physicalFunction}`,
    );
  if (device.sriov === undefined || device.sriov.totalVfs === 0)
    return refuse(
      `${describeFunction(device)} offers no virtual functions (SR-IOV). If the card can have them, switch SR-IOV on in the firmware's menu, and in the card's own settings where it has such (NVIDIA: mlxconfig SRIOV_EN=1 NUM_OF_VFS=…), then restart the host`,
    );
  return { device, sriov: device.sriov, virtual: listVirtualFunctions(facts, device.address) };
}

function refuse(reason: string): { readonly problem: Problem } {
  return { problem: { property: "device", reason } };
}

function checkNumber(inputs: Inputs, { device, sriov }: Physical): Problem[] {
  if (inputs.count > sriov.totalVfs) {
    const reason = `${describeFunction(device)} offers at most ${describeCount(sriov.totalVfs)} (sriov_totalvfs), not ${inputs.count}`;
    return [{ property: "count", reason }];
  }
  if (inputs.driversAutoprobe !== undefined && sriov.driversAutoprobe === undefined) {
    const reason = "the kernel of this host knows no sriov_drivers_autoprobe (Linux 4.12 or newer does); leave it out";
    return [{ property: "driversAutoprobe", reason }];
  }
  if (inputs.count === sriov.numVfs) return [];
  if (device.driver === undefined) {
    const reason = `${describeFunction(device)} has no driver, and only its own driver makes virtual functions; load it (modprobe) or bind it`;
    return [{ property: "device", reason }];
  }
  if (!isVfioDriver(device.driver)) return [];
  const reason = `${describeFunction(device)} is kept for a guest, and only its own driver makes virtual functions; give it back to the host first`;
  return [{ property: "device", reason }];
}

/** The number changes only by way of none, so all virtual functions vanish, whichever of them is in use. */
function checkUses(facts: HostFacts, { device, sriov, virtual }: Physical, count: number): Problem[] {
  if (count === sriov.numVfs || sriov.numVfs === 0) return [];
  return listUses(facts, virtual).map((use) => ({
    property: "count",
    reason: `${use}. Another number (${count} instead of ${sriov.numVfs}) takes all virtual functions of ${device.address} away before it makes new ones; end that use first`,
  }));
}

function describeWriting({ device, sriov, virtual }: Physical, writing: Writing | undefined): string[] {
  if (writing === undefined) return [];
  const { count, driversAutoprobe } = writing;
  const isNumber = count !== sriov.numVfs;
  const who = driversAutoprobe === true ? "the host's drivers take" : "no driver of the host takes";
  const isAutoprobe = driversAutoprobe !== undefined && driversAutoprobe !== sriov.driversAutoprobe;
  return [
    ...(isAutoprobe ? [`set sriov_drivers_autoprobe of ${device.address}: ${who} new virtual functions`] : []),
    ...(isNumber && sriov.numVfs > 0
      ? [
          `take away the ${describeCount(sriov.numVfs)} of ${device.address}: ${joinWords(virtual.map(({ address }) => address))}`,
        ]
      : []),
    ...(isNumber && count > 0 ? [`make ${describeCount(count)} of ${describeFunction(device)}`] : []),
  ];
}

/** Most addresses that a preview shows. */
const MAX_SHOWN = 16;

/**
 * Where virtual functions will probably be. The distances may depend on their number (PCI Express Base Specification, First
 * VF Offset), so these are for people to look at, and the outputs are read back.
 */
export function predictAddresses(address: PciAddress, { offset, stride }: SriovFacts, count: number): string[] {
  if (offset === undefined || stride === undefined) return [];
  const { domain, bus, slot, function: fn } = splitPciAddress(address);
  const shown = Array.from({ length: Math.min(count, MAX_SHOWN) }, (_empty, index) => {
    const id = bus * 256 + slot * 8 + fn + offset + index * stride;
    return joinPciAddress({ domain, bus: (id >> 8) & 255, slot: (id >> 3) & 31, function: id & 7 });
  });
  return count > MAX_SHOWN ? [...shown, `and ${count - MAX_SHOWN} more`] : shown;
}

/** Many drivers start the card anew for this. */
function warnOfLink(facts: HostFacts, device: PciFunction): string[] {
  return listNetworkHazards(facts, device).map(
    ({ is }) =>
      `${describeFunction(device)} ${is}; its driver may interrupt the link for some seconds while the number of its virtual functions changes`,
  );
}

/** Domains that are off and have a virtual function that will not be there any more. */
function warnOfLost(facts: HostFacts, virtual: readonly PciFunction[], count: number): string[] {
  const claims = listDeviceClaims(facts);
  return virtual.slice(count).flatMap(({ address }) => {
    const domains = (claims.get(address) ?? []).map(({ domain }) => domain);
    return domains.length === 0 ? [] : [`${address} will be gone, and ${joinWords(domains)} cannot start without it`];
  });
}

interface Work {
  readonly writing: Writing | undefined;
  readonly rule: RulePlan;
  readonly record: string;
}

/** The rule comes last: a host that does not bear the new number loses it with the next restart. */
function renderChange(inputs: Inputs, facts: HostFacts, physical: Physical, { writing, rule, record }: Work): Change {
  const { device } = physical;
  const name = sriovRecordName(device.address);
  const isNoted = facts.records[name]?.trim() === record;
  return {
    label: "SriovVirtualFunctions",
    expectations: [...expectPhysical(facts, physical), ...rule.expectations],
    steps: [
      ...(writing === undefined || isNoted ? [] : [{ kind: "record" as const, name, text: record }]),
      ...(writing === undefined ? [] : [setStep(inputs, device.address, writing)]),
      ...rule.changes,
    ],
  };
}

function expectPhysical(facts: HostFacts, { device, sriov, virtual }: Physical): Expectation[] {
  return [
    { kind: "boot", bootId: facts.identity.bootId },
    ...[device, ...virtual].map(({ address, id, driver }): Expectation => ({ kind: "device", address, id, driver })),
    { kind: "virtual-functions", address: device.address, count: sriov.numVfs },
  ];
}

function setStep(inputs: Inputs, address: PciAddress, { count, driversAutoprobe }: Writing): ChangeStep {
  const { timeoutSeconds } = inputs;
  return { kind: "set-virtual-functions", address, count, driversAutoprobe, timeoutSeconds };
}

/** Plans the way back: the rule goes first, then the number and the setting of before come back. */
export function planVirtualFunctionsRemoval(
  inputs: Inputs,
  state: SriovVirtualFunctionsState,
  facts: HostFacts,
): PlanResult {
  const rule = planRuleRemoval(facts, inputs.device, state.physicalFunction);
  const physical = findPhysical(inputs, facts);
  if ("problem" in physical) return planned(rule.steps, [physical.problem.reason], removalChange(facts, rule, []));
  const { device, sriov } = physical;
  const { count: target, warnings } = chooseTarget(inputs, state, facts, physical);
  const problems = checkUses(facts, physical, target);
  if (problems.length > 0) return { outcome: "refused", problems };
  const wasSet = inputs.driversAutoprobe !== undefined && sriov.driversAutoprobe === inputs.driversAutoprobe;
  const { previousDriversAutoprobe } = rememberBefore(facts, device, state);
  const driversAutoprobe = wasSet ? previousDriversAutoprobe : undefined;
  const isSame = target === sriov.numVfs && (driversAutoprobe ?? sriov.driversAutoprobe) === sriov.driversAutoprobe;
  const writing = isSame ? undefined : { count: target, driversAutoprobe };
  const name = sriovRecordName(device.address);
  const steps: ChangeStep[] = [
    ...(writing === undefined ? [] : [setStep(inputs, device.address, writing)]),
    ...(name in facts.records ? [{ kind: "forget" as const, name }] : []),
  ];
  const expectations = writing === undefined ? [] : expectPhysical(facts, physical);
  return planned(
    [...rule.steps, ...describeWriting(physical, writing)],
    warnings,
    removalChange(facts, { ...rule, expectations: [...expectations, ...rule.expectations] }, steps),
  );
}

/** A number that is not the one we set is someone else's, and stays. */
function chooseTarget(
  inputs: Inputs,
  state: SriovVirtualFunctionsState,
  facts: HostFacts,
  { device, sriov }: Physical,
): { readonly count: number; readonly warnings: readonly string[] } {
  const { previousCount } = rememberBefore(facts, device, state);
  const ours = [0, inputs.count, readSriovRecord(facts, device)?.count];
  const isLeft = { count: sriov.numVfs };
  if (!ours.includes(sriov.numVfs)) {
    const warning = `${device.address} has ${describeCount(sriov.numVfs)}, which this resource did not make; they are left as they are`;
    return { ...isLeft, warnings: [warning] };
  }
  if (previousCount === sriov.numVfs) return { ...isLeft, warnings: [] };
  if (device.driver !== undefined && !isVfioDriver(device.driver)) return { count: previousCount, warnings: [] };
  const warning = `${describeFunction(device)} cannot go back to ${describeCount(previousCount)}: only its own driver makes them`;
  return { ...isLeft, warnings: [warning] };
}

function removalChange(facts: HostFacts, rule: RulePlan, steps: readonly ChangeStep[]): Change | undefined {
  if (rule.changes.length + steps.length === 0) return undefined;
  return {
    label: "SriovVirtualFunctions-delete",
    expectations: [{ kind: "boot", bootId: facts.identity.bootId }, ...rule.expectations],
    steps: [...rule.changes, ...steps],
  };
}

function planned(steps: readonly string[], warnings: readonly string[], change: Change | undefined): Planned {
  return { outcome: "planned", steps, plan: {}, computed: {}, warnings, ...(change !== undefined && { change }) };
}
