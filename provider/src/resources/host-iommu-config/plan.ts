import { findBootLoader } from "../../model/boot/loaders/detect";
import type { ChangeStep } from "../../model/change";
import type { HostFacts } from "../../model/host-facts";
import { parseCommandLine } from "../../model/kernel/command-line";
import type { PlanResult } from "../definition";
import { decide, explainReboot, findOwned } from "./decide";
import type { HostIommuConfigInputs } from "./inputs";
import { planReboot } from "./reboot";
import { bootChange, cleanSteps, renderPlan } from "./render-plan";
import { planConfirmation, planWithTrial } from "./trial-plan";
import { clearTrialSteps, confirmSteps, confirmTimeoutOf, isTrialRunning } from "./trial";
import { OWNERSHIP_RECORD, type HostIommuConfigState } from "./state";

/** Plans the command line of the next boot and, where it is allowed, the reboot. */
export function planIommu(
  inputs: HostIommuConfigInputs,
  facts: HostFacts,
  prior: Partial<HostIommuConfigState> | undefined,
): PlanResult {
  const decided = decide(inputs, facts, prior);
  if ("problems" in decided) return { outcome: "refused", problems: decided.problems };
  if (isTrialRunning(facts)) return planConfirmation(facts, decided);
  const { reasons } = decided;
  const isAllowed = inputs.reboot.policy === "ifRequired";
  const reboot = planReboot(facts, { settings: inputs.reboot, reasons, isAllowed, bootSteps: decided.boot.steps });
  if ("problems" in reboot) return { outcome: "refused", problems: reboot.problems };
  const confirmTimeoutSeconds = confirmTimeoutOf(inputs);
  if (confirmTimeoutSeconds === undefined || reasons.length === 0) return renderPlan(facts, decided, reboot);
  return planWithTrial(inputs, { facts, decided, reboot, confirmTimeoutSeconds });
}

/** Plans how our words leave the boot files. */
export function planIommuRemoval(
  inputs: HostIommuConfigInputs,
  state: HostIommuConfigState,
  facts: HostFacts,
): PlanResult {
  const ownership = findOwned(facts, state);
  const edit = { present: ownership.removed, absent: ownership.added };
  const loader = findBootLoader(facts, "auto", edit);
  if ("refused" in loader)
    return { outcome: "refused", problems: [{ property: "bootLoader", reason: loader.refused }] };
  const boot = loader.restore(facts.boot, edit, ownership.files);
  if ("refused" in boot) return { outcome: "refused", problems: [{ property: "bootLoader", reason: boot.refused }] };
  const reasons = explainReboot(parseCommandLine(facts.kernel.commandLine), edit);
  const request = { settings: inputs.reboot, reasons, isAllowed: inputs.reboot.onDelete, bootSteps: boot.steps };
  const reboot = planReboot(facts, request);
  if ("problems" in reboot) return { outcome: "refused", problems: reboot.problems };
  const cleaning = [
    ...(isTrialRunning(facts) ? confirmSteps() : []),
    ...cleanSteps(facts),
    ...clearTrialSteps(facts, loader),
  ];
  const forget: ChangeStep[] = OWNERSHIP_RECORD in facts.records ? [{ kind: "forget", name: OWNERSHIP_RECORD }] : [];
  const steps = [...cleaning, ...boot.steps, ...reboot.start, ...forget];
  return {
    outcome: "planned",
    steps: [
      ...boot.descriptions,
      ...reboot.shutDown,
      ...(reboot.reboot === undefined ? [] : [`reboot, because ${reasons.join(" and ")}`]),
      ...reboot.startAgain,
    ],
    plan: reboot.shown,
    computed: {},
    warnings: [
      ...(reasons.length > 0 && reboot.reboot === undefined
        ? ["the old command line takes effect at the next boot"]
        : []),
      ...reboot.warnings,
    ],
    ...(steps.length > 0 && { change: bootChange("HostIommuConfig-delete", facts, steps) }),
    ...(reboot.reboot !== undefined && { reboot: reboot.reboot }),
  };
}
