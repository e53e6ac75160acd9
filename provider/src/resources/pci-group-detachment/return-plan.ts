import type { Change, ChangeStep } from "../../model/change";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import type { PlanResult, Problem } from "../definition";
import { planUnbinding } from "./boot-plan";
import type { PciGroupDetachmentInputs } from "./inputs";
import { driverRecordName, isTaken, parseDriverRecord, type GroupMember, type PciGroupDetachmentState } from "./state";

/** A function that goes back, and the driver that it goes back to; empty: none. */
export interface Returning {
  readonly now: PciFunction;
  readonly previousDriver: string;
}

/** Plans how the members go back to the drivers they had, and that they stay there over reboots. */
export function planReturn(
  inputs: PciGroupDetachmentInputs,
  state: PciGroupDetachmentState,
  facts: HostFacts,
): PlanResult {
  const moved = state.members.flatMap((member): Returning[] => {
    const now = findMember(facts, member);
    if (now === undefined || member.previousDriver === inputs.driver) return [];
    return isTaken(now, inputs.driver) ? [{ now, previousDriver: member.previousDriver }] : [];
  });
  const problems = moved.flatMap(({ now }) => listActiveUsers(facts, now));
  if (problems.length > 0) return { outcome: "refused", problems };
  const records = state.members.map((member) => `driver-${member.address}`).filter((name) => name in facts.records);
  const address = inputs.device.address ?? findAskedFor(inputs, state, facts);
  const boot = planUnbinding(facts, inputs, address);
  const steps: ChangeStep[] = [
    ...boot.files,
    ...boot.images,
    ...moved.map((one) => returnStep(inputs, one)),
    ...records.map((name): ChangeStep => ({ kind: "forget", name })),
  ];
  return {
    outcome: "planned",
    steps: [...boot.steps, ...moved.map(describeReturn)],
    plan: {},
    computed: {},
    warnings: listStrangers(state, facts),
    ...(steps.length > 0 && { change: returnChange(facts, moved, { ...boot, steps }) }),
  };
}

/** With an id alone the address may have changed since; the member's is the one that names our notes. */
function findAskedFor(inputs: PciGroupDetachmentInputs, state: PciGroupDetachmentState, facts: HostFacts): string {
  const { id } = inputs.device;
  const now = facts.pci.find((device) => device.id === id)?.address;
  return now ?? state.members.find((member) => member.id === id)?.address ?? "";
}

function findMember(facts: HostFacts, member: GroupMember): PciFunction | undefined {
  return facts.pci.find((device) => device.address === member.address && device.id === member.id);
}

/** A function that is gone, or another card at its address, is not ours to give back. */
function listStrangers(state: PciGroupDetachmentState, facts: HostFacts): string[] {
  return state.members.flatMap((member) =>
    findMember(facts, member) === undefined ? [`${member.address} is no longer ${member.id}; it is left as it is`] : [],
  );
}

function listActiveUsers(facts: HostFacts, { address }: PciFunction): Problem[] {
  const claims = listDeviceClaims(facts).get(address) ?? [];
  return claims
    .filter((claim) => claim.isActive)
    .map((claim) => ({
      property: "device",
      reason: `${address} is in use by the running domain ${claim.domain}; shut the domain down first`,
    }));
}

/** Functions that were prepared for a group that they turned out not to be in; those in use by a guest stay. */
export function listExtras(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  bound: readonly { readonly address: string; readonly id: string }[],
  members: readonly PciFunction[],
): Returning[] {
  return bound.flatMap(({ address, id }): Returning[] => {
    if (members.some((member) => member.address === address)) return [];
    const now = facts.pci.find((device) => device.address === address);
    if (now?.id !== id || now.driver !== inputs.driver || listActiveUsers(facts, now).length > 0) return [];
    const previousDriver = parseDriverRecord(facts.records[driverRecordName(now.address)], id);
    return previousDriver === undefined ? [] : [{ now, previousDriver }];
  });
}

/** A function's way back, in words. */
export function describeReturn({ now, previousDriver }: Returning): string {
  return `give ${now.address} back to ${previousDriver || "no driver"}`;
}

/** A function's way back, as a step. */
export function returnStep(inputs: PciGroupDetachmentInputs, { now, previousDriver }: Returning): ChangeStep {
  return {
    kind: "return",
    address: now.address,
    driver: previousDriver === "" ? undefined : previousDriver,
    timeoutSeconds: inputs.timeoutSeconds,
  };
}

function returnChange(
  facts: HostFacts,
  moved: readonly Returning[],
  { expectations, steps }: Pick<Change, "expectations" | "steps">,
): Change {
  return {
    label: "PciGroupDetachment-delete",
    expectations: [
      { kind: "boot", bootId: facts.identity.bootId },
      ...moved.map(({ now }) => ({ kind: "device" as const, address: now.address, id: now.id, driver: now.driver })),
      ...expectations,
    ],
    steps,
  };
}
