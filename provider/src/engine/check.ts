import type { HostSession } from "../host/session";
import { withReference } from "../model/error-catalogue/catalogue";
import type { HostFacts } from "../model/host-facts";
import type { CommonInputs, Definition, JsonObject, PlanResult, Problem } from "../resources/definition";
import { renderPlan } from "../resources/shown-plan";
import { describeFailure } from "./failure";
import { parseHint } from "./hint";
import {
  HIDDEN,
  identityOf,
  knownPlace,
  parseInputs,
  placeOf,
  protectSecrets,
  readWire,
  type WireInputs,
} from "./inputs";
import { resourceLog } from "./log";
import type { Observations } from "./observations";
import type { Sessions } from "./sessions";
import { UNKNOWN, unknownPaths } from "./wire";

/** What `check` answers. */
export interface CheckAnswer {
  readonly inputs: Record<string, unknown>;
  readonly failures: { property: string; reason: string }[];
}

/** What a check works with. */
export interface CheckContext<Inputs extends CommonInputs, State extends JsonObject> {
  readonly definition: Definition<Inputs, State>;
  readonly sessions: Sessions;
  readonly observations: Observations;
}

type Values = Readonly<Record<string, unknown>>;

/** Checks inputs, reads the host unless the program did, and puts the plan into the inputs, where previews show it. */
export async function check<Inputs extends CommonInputs, State extends JsonObject>(
  context: CheckContext<Inputs, State>,
  olds: Values,
  news: Values,
): Promise<CheckAnswer> {
  const { definition } = context;
  const wire = readWire(definition as never, news);
  const parsed = parseInputs(definition, wire.declared);
  function answer(values: Values, problems: readonly Problem[]): CheckAnswer {
    return {
      inputs: protectSecrets(definition, { ...values, ...(wire.urn !== undefined && { [HIDDEN.urn]: wire.urn }) }),
      failures: problems.map(toFailure),
    };
  }
  if (parsed.kind === "wrong") return answer(wire.declared, parsed.problems);
  const place = parsed.kind === "complete" ? placeOf(definition, parsed.inputs) : knownPlace(wire.declared);
  if (place === undefined) return answer({ ...wire.declared, ...outputsOfUnknown(definition, wire.declared) }, []);
  const session = context.sessions.open(place.host, place.request);
  const reading = await readFacts(session, wire);
  if ("problem" in reading) return answer(wire.declared, [reading.problem]);
  const { facts } = reading;
  if (parsed.kind === "partial") {
    const problems = definition.precheck(knownInputs(wire.declared), facts, unknownInputs(wire.declared));
    return answer({ ...wire.declared, ...outputsOfUnknown(definition, wire.declared) }, named(session, problems));
  }
  const result = definition.plan(parsed.inputs, facts, priorState(olds) as Partial<State> | undefined);
  context.observations.remember(wire.urn, facts, result);
  const { outputs, problems } = present(definition, parsed.inputs, facts, result, wire);
  const rival = context.observations.claim(wire.urn, identityOf(definition, parsed.inputs, facts));
  if (rival !== undefined) return answer(wire.declared, named(session, [rivalProblem(rival)]));
  for (const warning of warningsOf(result)) resourceLog(wire.urn).warn(`${session.label}: ${warning}`);
  if (priorState(olds) === undefined && isAsDeclared(result))
    resourceLog(wire.urn).note(`${session.label}: the host is as declared already; nothing is written there`);
  return answer({ ...parsed.inputs, ...outputs }, named(session, problems));
}

/** Two resources that stand for the same thing would undo each other's work, run by run. */
function rivalProblem(rival: string): Problem {
  const name = rival.split("::").at(-1) ?? rival;
  return {
    property: "",
    reason: `the resource ${JSON.stringify(name)} of this program manages the same; keep one of them`,
  };
}

/** Says of which host a problem speaks. */
function named(session: HostSession, problems: readonly Problem[]): Problem[] {
  return problems.map(({ property, reason }) => ({ property, reason: `${session.label}: ${reason}` }));
}

/** The inputs that are known as a whole. */
function knownInputs(declared: Values): Values {
  return Object.fromEntries(Object.entries(declared).filter(([, value]) => unknownPaths(value).length === 0));
}

/** Names of those that are not. */
function unknownInputs(declared: Values): string[] {
  return Object.keys(declared).filter((name) => unknownPaths(declared[name]).length > 0);
}

async function readFacts(session: HostSession, wire: WireInputs): Promise<{ facts: HostFacts } | { problem: Problem }> {
  const hint = parseHint(wire.hint);
  if (hint !== undefined && "failure" in hint)
    return { problem: { property: hint.failure.property, reason: hint.failure.message } };
  if (hint !== undefined) session.adopt(hint.snapshot);
  else resourceLog(wire.urn).status(`${session.label}: reading the host`);
  try {
    return { facts: await session.facts() };
  } catch (error) {
    const failure = describeFailure(error);
    return { problem: { property: failure.property, reason: failure.message } };
  }
}

/** In a preview the checked inputs of the last run are all that is known of the resource; they hold what it computed. */
function priorState(olds: Values): Values | undefined {
  return olds["plan"] === undefined ? undefined : olds;
}

function present<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  inputs: Inputs,
  facts: HostFacts,
  result: PlanResult,
  wire: WireInputs,
): { outputs: Values; problems: readonly Problem[] } {
  switch (result.outcome) {
    case "refused":
      return { outputs: {}, problems: result.problems };
    case "planned":
      return {
        outputs: {
          ...(wire.isPreview && unknownOutputs(definition)),
          ...result.computed,
          plan: renderPlan(definition, inputs, facts, result),
        },
        problems: [],
      };
    case "later":
      if (!wire.isPreview) return { outputs: {}, problems: [{ property: "", reason: result.reason }] };
      return { outputs: { ...unknownOutputs(definition), plan: { ...result.plan, steps: UNKNOWN } }, problems: [] };
  }
}

/** Left out, a computed value would look deleted; as unknown it shows as such. */
function unknownOutputs<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
): Record<string, string> {
  return Object.fromEntries([...definition.computed, "plan"].map((name) => [name, UNKNOWN]));
}

/** Says which inputs a plan waits for. */
function outputsOfUnknown<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  declared: Values,
): Values {
  return { ...unknownOutputs(definition), plan: { waitsFor: unknownInputs(declared).sort(), steps: UNKNOWN } };
}

/** Pulumi shows every new resource as a creation, also one that takes over what the host has. */
function isAsDeclared(result: PlanResult): boolean {
  return result.outcome === "planned" && result.change === undefined && result.reboot === undefined;
}

function warningsOf(result: PlanResult): readonly string[] {
  return result.outcome === "refused" ? [] : result.warnings;
}

/** The engine prints the value of the property that a failure names, secrets included, so the property is named in words. */
function toFailure({ property, reason }: Problem): { property: string; reason: string } {
  return { property: "", reason: withReference(property === "" ? reason : `${property}: ${reason}`) };
}
