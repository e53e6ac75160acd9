import type { HostConnection } from "../../model/connection";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import { isQuiet, planVirtualFunctions, type VirtualFunctionWishes } from "../planning";
import type { Declaration, Names, Omission, Value } from "./declaration";

/** Virtual functions of a physical one. */
export interface DeclaredVirtualFunctions {
  readonly declaration: Declaration;
  readonly physicalFunction: string;
}

/** Declares the virtual functions that there are, so that none comes or goes. */
export function declareVirtualFunctions(
  host: HostConnection,
  facts: HostFacts,
  names: Names,
): { readonly physical: readonly DeclaredVirtualFunctions[]; readonly omissions: readonly Omission[] } {
  const found = facts.pci
    .filter(({ sriov }) => sriov !== undefined && sriov.numVfs > 0)
    .map((device) => declareOne(host, facts, device, names));
  return {
    physical: found.flatMap((one) => ("declaration" in one ? [one] : [])),
    omissions: found.flatMap((one) => ("why" in one ? [one] : [])),
  };
}

function declareOne(
  host: HostConnection,
  facts: HostFacts,
  device: PciFunction,
  names: Names,
): DeclaredVirtualFunctions | Omission {
  const { address, id, sriov } = device;
  const count = sriov?.numVfs ?? 0;
  const wishes: VirtualFunctionWishes = { device: { address, id }, count };
  const ways: VirtualFunctionWishes[] = [wishes, { ...wishes, persist: false }];
  const attempts = ways.map((inputs) => ({ inputs, plan: planVirtualFunctions(host, facts, inputs) }));
  const quiet = attempts.find(({ plan }) => isQuiet(plan));
  if (quiet === undefined) {
    const { problems = [], steps = [] } = attempts.at(-1)?.plan ?? {};
    const why = [...problems.map(({ reason }) => reason), ...steps].join("; ");
    return { what: `the virtual functions of ${address}`, addresses: [address], why };
  }
  return {
    physicalFunction: address,
    declaration: {
      ...names.take("virtual-functions"),
      inputs: quiet.inputs as unknown as Readonly<Record<string, Value>>,
      dependsOn: [],
      remarks: [`${address} (${id}) has ${count} virtual ${count === 1 ? "function" : "functions"} already.`],
      isAskedFor: false,
      plan: quiet.plan,
    },
  };
}
