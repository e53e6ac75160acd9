import type { HostConnection } from "../../model/connection";
import type { HostFacts } from "../../model/host-facts";
import { parseCommandLine, parseKernelArgument } from "../../model/kernel/command-line";
import { isQuiet, planIommuConfig, type IommuWishes, type ResourcePlan } from "../planning";
import type { Declaration, Names, Omission, Value } from "./declaration";

/** What is asked for, and whether the IOMMU must be on for it. */
export interface IommuRequest {
  readonly wishes: IommuWishes;
  readonly isNeeded: boolean;
}

/** How a host's IOMMU stands in its program. */
export type DeclaredIommu = { readonly declaration: Declaration } | { readonly omission: Omission };

/** Declares the IOMMU as it is; where it has to be switched on, as safely as the host allows. */
export function declareIommu(
  host: HostConnection,
  facts: HostFacts,
  { wishes, isNeeded }: IommuRequest,
  names: Names,
): DeclaredIommu {
  const present = describePresent(facts);
  function tryWishes(inputs: IommuWishes): Attempt {
    return { inputs, plan: planIommuConfig(host, facts, inputs) };
  }
  const asIs = present.map(tryWishes).find(({ plan }) => isQuiet(plan));
  const hasWishes = Object.keys(wishes).length > 0;
  if (asIs !== undefined && !hasWishes) return { declaration: declare(asIs, false, names) };
  const base = asIs?.inputs ?? {};
  if (hasWishes) return { declaration: declare(tryWishes(merge(base, wishes)), true, names) };
  const attempt = tryWishes({});
  if (!isNeeded) return { omission: { what: "HostIommuConfig", why: explain(attempt.plan), addresses: [] } };
  const best = WAYS.map((way) => tryWishes(way)).find(({ plan }) => plan.outcome === "planned");
  return { declaration: declare(best ?? attempt, true, names) };
}

interface Attempt {
  readonly inputs: IommuWishes;
  readonly plan: ResourcePlan;
}

/** How a host gets another command line, the safest first. */
const WAYS: readonly IommuWishes[] = [
  { trialBoot: true, reboot: { policy: "ifRequired" } },
  { reboot: { policy: "ifRequired" } },
  {},
];

/** What the running command line says of passthrough, as inputs; the most telling first. */
function describePresent(facts: HostFacts): IommuWishes[] {
  const words = parseCommandLine(facts.kernel.commandLine);
  const present = words.filter(isAboutPassthrough);
  const mode = words.flatMap(modeOf).at(-1);
  const withMode: IommuWishes = mode === undefined ? {} : { mode };
  const all: IommuWishes = present.length === 0 ? withMode : { ...withMode, kernelArguments: { present } };
  return [all, withMode, {}];
}

function isAboutPassthrough(word: string): boolean {
  const { key, value = "" } = parseKernelArgument(word);
  if (key === "pcie_acs_override" || /^vfio[a-z0-9_]*\./.test(key)) return true;
  return key === "rd.driver.pre" && value.startsWith("vfio");
}

function modeOf(word: string): ("passthrough" | "translated")[] {
  const { key, value } = parseKernelArgument(word);
  if ((key === "iommu" && value === "pt") || (key === "iommu.passthrough" && value === "1")) return ["passthrough"];
  if ((key === "iommu" && value === "nopt") || (key === "iommu.passthrough" && value === "0")) return ["translated"];
  return [];
}

function merge(base: IommuWishes, wishes: IommuWishes): IommuWishes {
  const present = [...(base.kernelArguments?.present ?? []), ...(wishes.kernelArguments?.present ?? [])];
  return {
    ...base,
    ...wishes,
    ...(present.length > 0 && { kernelArguments: { present: [...new Set(present)] } }),
  };
}

function explain(plan: ResourcePlan): string {
  if (plan.outcome === "refused") return plan.problems.map(({ reason }) => reason).join("; ");
  return `to declare it would change the host, which nobody asked for: ${plan.steps.join("; ")}`;
}

function describeWay({ trialBoot, reboot }: IommuWishes): string[] {
  const isTrial = trialBoot !== undefined && trialBoot !== false;
  if (isTrial) return ["The host boots the new command line once, and keeps it only when it has come back well."];
  if (reboot?.policy === "ifRequired") return ["The host reboots once, to take the new command line."];
  return ["The new command line takes effect when the host is rebooted by hand."];
}

function declare({ inputs, plan }: Attempt, isAskedFor: boolean, names: Names): Declaration {
  return {
    ...names.take("iommu"),
    inputs: inputs as Readonly<Record<string, Value>>,
    dependsOn: [],
    remarks: isAskedFor ? describeWay(inputs) : ["The command line has what the IOMMU takes; nothing is added to it."],
    isAskedFor,
    plan,
  };
}
