import { parseNodeDevice } from "../../model/libvirt/node-device";
import { HostError } from "../../model/errors";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import { selectDevice } from "../../model/pci/selector";
import type { Applied, Definition, Observed } from "../definition";
import { findOwnFiles, parseRules } from "./boot-files";
import { PciGroupDetachmentInputs } from "./inputs";
import { describePersistence } from "./persistence";
import { planDetachment } from "./plan";
import { planReturn } from "./return-plan";
import {
  describeMembers,
  describePrepared,
  type GroupMember,
  type PciGroupDetachmentState,
  type StoredDetachment,
} from "./state";

type Inputs = PciGroupDetachmentInputs;
type State = StoredDetachment;

/** Longest time for the initial ramdisks of all kernels of a host. */
const IMAGES_SECONDS = 4 * 3600;

/** PciGroupDetachment: a whole IOMMU group on vfio-pci. */
export const pciGroupDetachment: Definition<Inputs, State> = {
  kind: "PciGroupDetachment",
  schema: PciGroupDetachmentInputs,
  computed: ["group", "members", "bridges"],
  // Every function may take its time, and be given back once more when a later one fails. An initial ramdisk may take the
  // better part of an hour on a slow host; each build has its own, shorter deadline.
  changeTimeoutSeconds: (inputs) => 120 + inputs.timeoutSeconds * 16 + IMAGES_SECONDS,
  precheck: () => [],
  plan: planDetachment,
  basis,
  state,
  observe,
  planRemoval: planReturn,
  identify: (inputs, facts) => findDevice(inputs, facts)?.address ?? inputs.device.address ?? "",
  replaces: (inputs, prior) => [
    ...(inputs.device.address !== prior.device.address || inputs.device.id !== prior.device.id ? ["device"] : []),
    ...(inputs.driver !== prior.driver ? ["driver"] : []),
  ],
};

function findDevice(inputs: Inputs, facts: HostFacts): PciFunction | undefined {
  const selection = selectDevice(facts, inputs.device);
  return "device" in selection ? selection.device : undefined;
}

function basis(inputs: Inputs, facts: HostFacts): string[] {
  const device = findDevice(inputs, facts);
  const members = facts.pci.filter((other) => other.address === device?.address || sharesGroup(other, device));
  return [
    ...members.map((member) => `${member.address} ${member.id} ${member.driver ?? "-"} ${member.iommuGroup ?? "-"}`),
    ...findOwnFiles(facts, inputs.device).map((file) => `${file.path} ${file.sha256}`),
  ];
}

function sharesGroup(other: PciFunction, device: PciFunction | undefined): boolean {
  return device?.iommuGroup !== undefined && other.iommuGroup === device.iommuGroup;
}

function state({ inputs, before, facts, prior, nodes }: Applied<Inputs, State>): State {
  const device = findDevice(inputs, facts);
  if (device === undefined) throw new Error("the device is gone after the change");
  const first = describe(inputs, before, device, prior?.members ?? []);
  for (const [address, xml] of nodes) checkNode(address, xml, inputs, facts);
  return {
    ...describe(inputs, facts, device, first.members),
    persistence: describePersistence(facts, inputs.device, device.address),
  };
}

/** Without an active IOMMU there are no groups, and what is described is what was prepared. */
function describe(
  inputs: Inputs,
  facts: HostFacts,
  device: PciFunction,
  prior: readonly GroupMember[],
): PciGroupDetachmentState {
  const state = describeMembers(facts, device.address, inputs.driver, prior);
  if (state !== undefined) return state;
  const bound = findOwnFiles(facts, inputs.device).flatMap(parseRules);
  const functions = facts.pci.filter((one) =>
    bound.some(({ address, id }) => one.address === address && one.id === id),
  );
  const members = describePrepared(facts, functions, inputs.driver, prior);
  return { group: -1, members, bridges: [], drivers: readDrivers(facts, members), viable: false };
}

function readDrivers(facts: HostFacts, members: readonly GroupMember[]): Record<string, string> {
  return Object.fromEntries(
    members.map(({ address, id }) => {
      const now = facts.pci.find((device) => device.address === address && device.id === id);
      return [address, now?.driver ?? ""];
    }),
  );
}

/** libvirt keeps a list of devices of its own; one that is out of date would make it hand out the wrong thing. */
function checkNode(address: string, xml: string, inputs: Inputs, facts: HostFacts): void {
  if (xml.trim() === "") return;
  const node = parseNodeDevice(xml);
  const device = facts.pci.find((other) => other.address === address);
  const id = `${node.vendor}:${node.product}`;
  if (device?.id === id && device.address === node.address && device.driver === (node.driver ?? device.driver)) return;
  throw new HostError({
    host: facts.identity.hostname,
    what: `libvirt sees ${node.address} as ${id} on driver ${node.driver ?? "none"}, the kernel has ${device?.id ?? "nothing"} on ${device?.driver ?? "no driver"}; wanted ${inputs.driver}`,
    next: "restart libvirt's node device daemon, then run again",
  });
}

function observe(inputs: Inputs, old: State, facts: HostFacts): Observed<State> {
  const device = findDevice(inputs, facts);
  const persistence = describePersistence(facts, inputs.device, device?.address);
  // What we wrote for the boot is still there to be taken back.
  if (device === undefined && persistence.files.length === 0)
    return { kind: "gone", proof: `the host has no such PCI function any more` };
  const now = device && describeMembers(facts, device.address, inputs.driver, old.members);
  // Without the device, or its group, what we remember of the drivers must not be lost.
  const members = { ...old, drivers: readDrivers(facts, old.members), viable: false };
  return { kind: "present", state: { ...(now ?? members), persistence } };
}
