import type { HostFacts, PciFunction } from "../../model/host-facts";
import { selectDevice } from "../../model/pci/selector";
import type { Applied, Definition, Observed } from "../definition";
import { describeRules, findOwnRules } from "./boot-rule";
import { SriovVirtualFunctionsInputs } from "./inputs";
import { planVirtualFunctions, planVirtualFunctionsRemoval } from "./plan";
import {
  describeVirtualFunctions,
  listVirtualFunctions,
  rememberBefore,
  type SriovVirtualFunctionsState,
} from "./state";

type Inputs = SriovVirtualFunctionsInputs;
type State = SriovVirtualFunctionsState;

/** SriovVirtualFunctions: the virtual functions of a physical one. */
export const sriovVirtualFunctions: Definition<Inputs, State> = {
  kind: "SriovVirtualFunctions",
  schema: SriovVirtualFunctionsInputs,
  computed: ["physicalFunction", "virtualFunctions", "previousCount", "previousDriversAutoprobe"],
  // Away and back, the same once more when a later step fails, and time for udev.
  changeTimeoutSeconds: (inputs) => 240 + inputs.timeoutSeconds * 4,
  precheck: () => [],
  plan: planVirtualFunctions,
  basis,
  state,
  observe,
  planRemoval: planVirtualFunctionsRemoval,
  identify: (inputs, facts) => findDevice(inputs, facts)?.address ?? inputs.device.address ?? "",
  replaces: (inputs, prior) =>
    inputs.device.address !== prior.device.address || inputs.device.id !== prior.device.id ? ["device"] : [],
};

function findDevice(inputs: Inputs, facts: HostFacts): PciFunction | undefined {
  const selection = selectDevice(facts, inputs.device);
  return "device" in selection ? selection.device : undefined;
}

/** The virtual functions that are there matter only where they have to go. */
function basis(inputs: Inputs, facts: HostFacts): string[] {
  const device = findDevice(inputs, facts);
  if (device === undefined) return [];
  const { numVfs, driversAutoprobe } = device.sriov ?? {};
  const virtual = numVfs === inputs.count ? [] : listVirtualFunctions(facts, device.address);
  return [
    ...[device, ...virtual].map(({ address, id, driver }) => `${address} ${id} ${driver ?? "-"}`),
    `${String(numVfs)} ${String(driversAutoprobe)}`,
    ...findOwnRules(facts, inputs.device).map((file) => `${file.path} ${file.sha256}`),
  ];
}

function state({ inputs, before, facts, prior }: Applied<Inputs, State>): State {
  const device = findDevice(inputs, facts);
  const old = findDevice(inputs, before);
  if (device === undefined || old === undefined) throw new Error("the device is gone after the change");
  return describe(
    inputs,
    facts,
    device,
    rememberBefore(facts, device, prior ?? rememberBefore(before, old, undefined)),
  );
}

function describe(
  inputs: Inputs,
  facts: HostFacts,
  device: PciFunction,
  { previousCount, previousDriversAutoprobe }: Pick<State, "previousCount" | "previousDriversAutoprobe">,
): State {
  return {
    physicalFunction: device.address,
    virtualFunctions: describeVirtualFunctions(facts, device.address),
    previousCount,
    previousDriversAutoprobe,
    persistence: describeRules(facts, inputs.device),
  };
}

function observe(inputs: Inputs, old: State, facts: HostFacts): Observed<State> {
  const device = findDevice(inputs, facts);
  const persistence = describeRules(facts, inputs.device);
  if (device !== undefined) return { kind: "present", state: describe(inputs, facts, device, old) };
  // What we wrote for the boot is still there to be taken back.
  if (persistence.files.length > 0) return { kind: "present", state: { ...old, virtualFunctions: [], persistence } };
  return { kind: "gone", proof: "the host has no such PCI function any more" };
}
