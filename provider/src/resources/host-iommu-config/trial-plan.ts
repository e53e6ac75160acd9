import type { HostFacts } from "../../model/host-facts";
import type { PlanResult } from "../definition";
import { checkResult, type IommuPlan } from "./decide";
import type { HostIommuConfigInputs } from "./inputs";
import { withoutReboot, type GrantedReboot } from "./reboot";
import { bootChange, cleanSteps, describeLeftovers, recordAround, renderPlan } from "./render-plan";
import { clearTrialSteps, confirmSteps, describeFailedTrial, planTrial } from "./trial";

/** What a plan with a trial is made of. */
export interface TrialRequest {
  readonly facts: HostFacts;
  readonly decided: IommuPlan;
  readonly reboot: GrantedReboot;
  readonly confirmTimeoutSeconds: number;
}

/** A new command line that is tried before it is kept: everything permanent comes after the reboot. */
export function planWithTrial(inputs: HostIommuConfigInputs, trialPlan: TrialRequest): PlanResult {
  const { facts, decided, reboot, confirmTimeoutSeconds } = trialPlan;
  if (inputs.reboot.policy !== "ifRequired") {
    const reason =
      'a trial is a reboot, which reboot.policy "never" forbids; allow it with "ifRequired", or leave trialBoot out';
    return { outcome: "refused", problems: [{ property: "trialBoot", reason }] };
  }
  const permanent = renderPlan(facts, decided, reboot);
  if (decided.boot.steps.length === 0) {
    const warning = "the permanent boot entry has the words already, so the reboot cannot be a trial";
    return { ...permanent, warnings: [...permanent.warnings, warning] };
  }
  const trial = planTrial(facts, decided.loader, decided.boot.after, confirmTimeoutSeconds);
  if ("refused" in trial) {
    const reason = `a trial boot cannot be had on this host: ${trial.refused}. Leave trialBoot out to change the command line without a trial`;
    return { outcome: "refused", problems: [{ property: "trialBoot", reason }] };
  }
  const failedAttempt = describeFailedTrial(facts);
  return {
    ...permanent,
    steps: [
      ...describeLeftovers(facts),
      ...reboot.shutDown,
      ...trial.descriptions,
      ...decided.boot.descriptions,
      "remove every trace of the trial",
      ...reboot.startAgain,
    ],
    plan: { ...permanent.plan, trial: trial.shown },
    warnings: [
      ...permanent.warnings,
      ...trial.warnings,
      ...(failedAttempt === undefined ? [] : [`tried before: ${failedAttempt}`]),
    ],
    change: bootChange("HostIommuConfig-trial", facts, [...cleanSteps(facts), ...trial.steps]),
    reboot: {
      ...reboot.reboot,
      timeoutSeconds: 2 * inputs.reboot.timeoutSeconds + confirmTimeoutSeconds,
      isTrial: true,
    },
    ...(failedAttempt !== undefined && { failedAttempt }),
  };
}

/** This boot is a trial and shows what it was made for: what it booted with becomes permanent. */
export function planConfirmation(facts: HostFacts, decided: IommuPlan): PlanResult {
  const back =
    "The host restarts on its old command line by itself when the time for the confirmation is over; wait for that, then run again";
  if (decided.reasons.length > 0) {
    const reason = `this boot is the trial of another command line: ${decided.reasons.join("; ")}. ${back}`;
    return { outcome: "refused", problems: [{ property: "host", reason }] };
  }
  const problem = checkResult(facts);
  if (problem !== undefined)
    return {
      outcome: "refused",
      problems: [{ ...problem, reason: `${problem.reason}. This boot is a trial. ${back}` }],
    };
  const reboot = withoutReboot(facts);
  const planned = renderPlan(facts, decided, reboot);
  const steps = [
    ...confirmSteps(),
    ...cleanSteps(facts),
    ...recordAround(decided, facts),
    ...clearTrialSteps(facts, decided.loader),
    ...reboot.start,
  ];
  return {
    ...planned,
    steps: [
      "confirm the trial boot",
      ...decided.boot.descriptions,
      "remove every trace of the trial",
      ...reboot.startAgain,
    ],
    change: bootChange("HostIommuConfig-confirm", facts, steps),
  };
}
