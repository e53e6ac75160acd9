import type { CommonInputs, Definition, JsonObject, PlanResult } from "../resources/definition";
import { parseInputs, pickInputs, readWire } from "./inputs";
import type { Observations } from "./observations";
import { areEqual } from "./wire";

type Values = Readonly<Record<string, unknown>>;

/** What `diff` answers. */
export interface DiffAnswer {
  readonly changes: boolean;
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

/** Compares what is declared with the newest reading of the host, and with what the state was made from. */
export function diff<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  observations: Observations,
  olds: Values,
  news: Values,
): DiffAnswer {
  const wire = readWire(definition as never, news);
  const next = parseInputs(definition, pickInputs(definition as never, wire.declared));
  const prior = parseInputs(definition, pickInputs(definition as never, olds));
  if (next.kind !== "complete" || prior.kind !== "complete")
    return { changes: true, replaces: [], deleteBeforeReplace: true };
  const seen = observations.find(wire.urn);
  const replaces = [
    ...definition.replaces(next.inputs, prior.inputs),
    ...(isOtherMachine(olds, seen?.facts.identity.machineId, next.inputs, prior.inputs) ? ["host"] : []),
  ];
  const isOpen = seen === undefined ? isOpenPlan(news["plan"]) : hasSteps(seen.result);
  const changes = replaces.length > 0 || isOpen || !areEqual(next.inputs, prior.inputs);
  return { changes, replaces, deleteBeforeReplace: true };
}

/** The same machine under another name is no other host; without a reading, another connection counts as one. */
function isOtherMachine(olds: Values, machineId: string | undefined, next: CommonInputs, prior: CommonInputs): boolean {
  if (areEqual(next.host, prior.host)) return false;
  return machineId === undefined ? true : machineId !== olds["machineId"];
}

function hasSteps(result: PlanResult): boolean {
  return result.outcome !== "planned" || result.steps.length > 0;
}

function isOpenPlan(plan: unknown): boolean {
  if (typeof plan !== "object" || plan === null || !("steps" in plan)) return true;
  return !Array.isArray(plan.steps) || plan.steps.length > 0;
}
