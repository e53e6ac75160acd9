import { HostError } from "../../model/errors";
import type { HostFacts } from "../../model/host-facts";
import { isIommuActive } from "../../model/iommu/active";
import type { Applied, Definition, Observed } from "../definition";
import { HostIommuConfigInputs } from "./inputs";
import { decide, findOwned } from "./decide";
import { planIommu, planIommuRemoval } from "./plan";
import type { HostIommuConfigState, Ownership } from "./state";
import { isTrialRunning } from "./trial";

type Inputs = HostIommuConfigInputs;
type State = HostIommuConfigState;

/** HostIommuConfig: the kernel command line that switches the IOMMU on. */
export const hostIommuConfig: Definition<Inputs, State> = {
  kind: "HostIommuConfig",
  schema: HostIommuConfigInputs,
  computed: ["kernelCommandLine"],
  // The generator runs up to 15 minutes on a slow host with many disks.
  changeTimeoutSeconds: () => 1_500,
  precheck: () => [],
  plan: planIommu,
  basis: (_inputs, facts) => [
    facts.kernel.commandLine,
    facts.boot.grubConfig?.sha256 ?? "",
    JSON.stringify([facts.boot.deploymentArguments ?? "", facts.boot.refreshedArguments ?? ""]),
    ...(facts.boot.unifiedImages ?? []).map((image) => JSON.stringify(image)),
    ...facts.boot.files.map((file) => `${file.path} ${file.sha256}`),
    ...facts.firmware.tables,
    String(isIommuActive(facts)),
    String(isTrialRunning(facts)),
  ],
  state: ({ inputs, facts, prior }: Applied<Inputs, State>) => describe(inputs, facts, prior, findOwned(facts, prior)),
  observe: (inputs, old, facts): Observed<State> => ({
    kind: "present",
    state: describe(inputs, facts, old, old.ownership),
  }),
  planRemoval: planIommuRemoval,
  identify: () => "HostIommuConfig",
  replaces: () => [],
};

function describe(inputs: Inputs, facts: HostFacts, prior: Partial<State> | undefined, ownership: Ownership): State {
  const decided = decide(inputs, facts, prior);
  if ("problems" in decided && prior === undefined) {
    const what = decided.problems.map((problem) => problem.reason).join("; ");
    throw new HostError({ host: facts.identity.hostname, what, next: "mend this and run again" });
  }
  const reasons = "problems" in decided ? decided.problems.map((problem) => problem.reason) : decided.reasons;
  return {
    kernelCommandLine: "problems" in decided ? (prior?.kernelCommandLine ?? "") : decided.boot.before,
    runningCommandLine: facts.kernel.commandLine,
    iommuActive: isIommuActive(facts),
    groupCount: facts.iommu.groups.length,
    rebootRequired: "problems" in decided ? false : decided.reasons.length > 0,
    reasons,
    firmwareTables: facts.firmware.tables,
    cpuVirtualization: facts.cpu.virtualization ?? "",
    usedBootLoader: "problems" in decided ? (prior?.usedBootLoader ?? "") : decided.loader.name,
    ownership: ownership,
  };
}
