import { parseNodeDevice } from "../../model/libvirt/node-device";
import { HostError } from "../../model/errors";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import { selectDevice } from "../../model/pci/selector";
import type { Applied, Definition, Observed } from "../definition";
import { PciGroupDetachmentInputs } from "./inputs";
import { planDetachment, planReturn } from "./plan";
import { describeMembers, type PciGroupDetachmentState } from "./state";

type Inputs = PciGroupDetachmentInputs;
type State = PciGroupDetachmentState;

/** PciGroupDetachment: a whole IOMMU group on vfio-pci. */
export const pciGroupDetachment: Definition<Inputs, State> = {
  kind: "PciGroupDetachment",
  schema: PciGroupDetachmentInputs,
  computed: ["group", "members", "bridges"],
  // Every function may take its time, and be given back once more when a later one fails.
  changeTimeoutSeconds: (inputs) => 120 + inputs.timeoutSeconds * 16,
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
  return members.map((member) => `${member.address} ${member.id} ${member.driver ?? "-"} ${member.iommuGroup ?? "-"}`);
}

function sharesGroup(other: PciFunction, device: PciFunction | undefined): boolean {
  return device?.iommuGroup !== undefined && other.iommuGroup === device.iommuGroup;
}

function state({ inputs, before, facts, prior, nodes }: Applied<Inputs, State>): State {
  const device = findDevice(inputs, facts);
  const first = device && describeMembers(before, device.address, inputs.driver, prior?.members ?? []);
  const after = device && describeMembers(facts, device.address, inputs.driver, first?.members ?? []);
  if (after === undefined) throw new Error("the device has no IOMMU group after the change");
  for (const [address, xml] of nodes) checkNode(address, xml, inputs, facts);
  return after;
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
  if (device === undefined) return { kind: "gone", proof: `the host has no such PCI function any more` };
  const now = describeMembers(facts, device.address, inputs.driver, old.members);
  if (now !== undefined) return { kind: "present", state: now };
  // Without an active IOMMU there are no groups; what we remember of the drivers must not be lost over that.
  const drivers = Object.fromEntries(
    old.members.map((member) => [
      member.address,
      facts.pci.find((other) => other.address === member.address)?.driver ?? "",
    ]),
  );
  return { kind: "present", state: { ...old, drivers, viable: false } };
}
