import type { PciFunction } from "../host-facts";
import type { PciAddress } from "./address";
import { describeFunction } from "./describe";
import { SAFETY_RULES, type SafetyRule, type SafetyRuleName } from "./safety-rules";

/** A rule that stands against moving a function. */
export interface Hazard {
  readonly rule: SafetyRuleName;
  readonly device: PciFunction;
  /** Why the rule applies: what is said of the function, such as `is the boot display`. */
  readonly is: string;
  /** What would be lost. */
  readonly loses: string;
}

/** A refusal to move a function, for people and for code. */
export interface SafetyFinding {
  readonly rule: SafetyRuleName;
  readonly isWaivable: boolean;
  readonly address: PciAddress;
  /** What would be lost. */
  readonly loses: string;
  /** Rule, function and why the rule applies, in one sentence. */
  readonly reason: string;
  /** Complete sentences: rule, function, reason, loss, and the way out. */
  readonly message: string;
}

/** Puts a hazard into words; `allow` is what the user already waives, so that the advice can be pasted as it is. */
export function renderFinding(hazard: Hazard, allow: readonly SafetyRule[]): SafetyFinding {
  const { rule, device, is, loses } = hazard;
  const { isWaivable } = SAFETY_RULES[rule];
  const reason = `[${rule}] ${describeFunction(device)} ${is}.`;
  const message = `${reason} Moving it would lose ${loses}. ${renderWayOut(rule, allow)}`;
  return { rule, isWaivable, address: device.address, loses, reason, message };
}

function renderWayOut(rule: SafetyRuleName, allow: readonly SafetyRule[]): string {
  const { isWaivable, instead } = SAFETY_RULES[rule];
  if (!isWaivable) return `This rule cannot be waived. ${instead}`;
  const names = [...allow, rule].map((name) => JSON.stringify(name)).join(", ");
  return `${instead} To move it all the same, set allow: [${names}].`;
}
