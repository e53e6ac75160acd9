import type { HostSession } from "../host/session";
import { HostError } from "../model/errors";
import type { HostFacts } from "../model/host-facts";
import type { CommonInputs, Definition, JsonObject, Planned, PlanResult } from "../resources/definition";
import { renderPlan } from "../resources/shown-plan";
import { toUserError } from "./failure";
import { HIDDEN, identityOf, parseInputs, pickInputs, placeOf, protectSecrets, STATE_VERSION } from "./inputs";
import { resourceLog, type ResourceLog } from "./log";
import type { Observations } from "./observations";
import type { Sessions } from "./sessions";
import { areEqual, bare } from "./wire";

type Values = Readonly<Record<string, unknown>>;

/** What the lifecycle works with. */
export interface LifecycleContext<Inputs extends CommonInputs, State extends JsonObject> {
  readonly definition: Definition<Inputs, State>;
  readonly sessions: Sessions;
  readonly observations: Observations;
}

/** Work that ended half way: Pulumi keeps the outputs and runs the update again. */
class PartialFailure extends Error {
  readonly id: string;
  readonly properties: Values;
  readonly reasons: string[];

  constructor(id: string, properties: Values, reason: string) {
    super(reason);
    this.id = id;
    this.properties = properties;
    this.reasons = [reason];
  }
}

/** Creates and updates alike: plan from the newest facts, change, read back, and see that nothing is left to do. */
export async function reconcile<Inputs extends CommonInputs, State extends JsonObject>(
  context: LifecycleContext<Inputs, State>,
  values: Values,
  olds: Values | undefined,
): Promise<{ id: string; outs: Record<string, unknown> }> {
  try {
    return await converge(context, values, olds);
  } catch (error) {
    throw error instanceof PartialFailure ? error : toUserError(error);
  }
}

async function converge<Inputs extends CommonInputs, State extends JsonObject>(
  context: LifecycleContext<Inputs, State>,
  values: Values,
  olds: Values | undefined,
): Promise<{ id: string; outs: Record<string, unknown> }> {
  const { definition } = context;
  const inputs = requireInputs(definition, values);
  const session = context.sessions.open(inputs.host, placeOf(definition, inputs).request);
  const log = resourceLog(urnOf(values));
  // The inputs of a first create hold what check computed, which no earlier change has made true yet.
  const prior = (olds === undefined ? computedState(values) : bare(olds)) as Partial<State> | undefined;
  const before = await session.facts();
  const planned = requirePlanned(session, definition.plan(inputs, before, prior));
  requireUnchanged(session, renderPlan(definition, inputs, before, planned), values["plan"]);
  const id = identityOf(definition, inputs, before);
  const rebooted = await carryOut(definition, session, inputs, planned, log);
  const isTried = planned.reboot?.isTrial === true && rebooted.failure === undefined;
  const done = isTried ? await keepTrial(definition, session, { inputs, prior, planned, rebooted, log }) : rebooted;
  const applied = {
    inputs,
    before,
    facts: done.facts,
    prior: prior,
    nodes: done.nodes,
    guests: done.guests,
  };
  const outs = {
    ...protectSecrets(definition, inputs as Values),
    ...planned.computed,
    ...definition.state(applied),
    plan: renderPlan(definition, inputs, before, planned),
    machineId: done.facts.identity.machineId,
    ...hidden(values),
  };
  context.observations.remember(urnOf(values), done.facts, definition.plan(inputs, done.facts, applied.prior));
  if (done.failure !== undefined)
    throw new PartialFailure(id, { ...outs, [HIDDEN.provider]: values[HIDDEN.provider] }, done.failure);
  const left = definition.plan(inputs, done.facts, definition.state(applied));
  if (left.outcome !== "planned" || left.steps.length > 0) {
    const reason = `${session.label}: the change was made, but the host is not as declared: ${describeResult(left)}. Next: run again; if it stays so, something on the host undoes the change.`;
    throw new PartialFailure(id, { ...outs, [HIDDEN.provider]: values[HIDDEN.provider] }, reason);
  }
  const shortfall = definition.shortfall?.(applied);
  if (shortfall !== undefined)
    throw new PartialFailure(
      id,
      { ...outs, [HIDDEN.provider]: values[HIDDEN.provider] },
      `${session.label}: ${shortfall}`,
    );
  // Only what is done has it: a rollout tells by it, since Pulumi does not tell a program that a resource is unfinished.
  return { id, outs: { ...outs, stateVersion: STATE_VERSION } };
}

function computedState(values: Values): Values | undefined {
  return values["plan"] === undefined ? undefined : (bare(values) as Values);
}

function hidden(values: Values): Record<string, unknown> {
  return urnOf(values) === undefined ? {} : { [HIDDEN.urn]: urnOf(values) };
}

function urnOf(values: Values): string | undefined {
  const urn = values[HIDDEN.urn];
  return typeof urn === "string" ? urn : undefined;
}

function requireInputs<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  values: Values,
): Inputs {
  const parsed = parseInputs(definition, pickInputs(definition as never, values));
  if (parsed.kind === "complete") return parsed.inputs;
  const problems =
    parsed.kind === "wrong"
      ? parsed.problems.map((problem) => `${problem.property}: ${problem.reason}`).join("; ")
      : "some are unknown";
  throw new Error(`the inputs of this ${definition.kind} cannot be used: ${problems}`);
}

function requirePlanned(session: HostSession, result: PlanResult): Planned {
  if (result.outcome === "planned") return result;
  throw new HostError({ host: session.label, what: describeResult(result), next: "mend this and run again" });
}

function describeResult(result: PlanResult): string {
  switch (result.outcome) {
    case "planned":
      return `still to do: ${result.steps.join("; ")}`;
    case "refused":
      return result.problems.map((problem) => problem.reason).join("; ");
    case "later":
      return result.reason;
  }
}

/** What is done is what the preview showed; another plan means that the host changed under our feet. */
function requireUnchanged(session: HostSession, now: JsonObject, shown: unknown): void {
  const wasShown = typeof shown === "object" && shown !== null && "steps" in shown && Array.isArray(shown.steps);
  if (!wasShown || areEqual(now, bare(shown))) return;
  throw new HostError({
    host: session.label,
    what: "planned on stale facts: the host changed since the plan was made; nothing was written",
    next: "run the preview again; if another resource of this program changes the host, let this one depend on it",
  });
}

interface Done {
  readonly facts: HostFacts;
  readonly nodes: ReadonlyMap<string, string>;
  readonly guests: ReadonlyMap<string, string>;
  /** What went wrong after the change itself was done. */
  readonly failure?: string;
}

async function carryOut<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  session: HostSession,
  inputs: Inputs,
  planned: Planned,
  log: ResourceLog,
): Promise<Done> {
  const progress = log.status.bind(log);
  let facts = await session.facts();
  let nodes: ReadonlyMap<string, string> = new Map();
  let guests: ReadonlyMap<string, string> = new Map();
  if (planned.change !== undefined) {
    const report = await session.change(planned.change, definition.changeTimeoutSeconds(inputs) * 1000, progress);
    ({ facts, nodes, guests } = report);
    for (const remark of report.remarks) log.warn(`${session.label}: ${remark}`);
  }
  if (planned.reboot === undefined) return { facts, nodes, guests };
  try {
    facts = await session.reboot({ bootId: facts.identity.bootId, ...planned.reboot }, progress);
    return { facts, nodes, guests };
  } catch (error) {
    return { facts, nodes, guests, failure: toUserError(error).message };
  }
}

interface Tried<Inputs, State> {
  readonly inputs: Inputs;
  readonly prior: Partial<State> | undefined;
  readonly planned: Planned;
  readonly rebooted: Done;
  readonly log: ResourceLog;
}

/** After a trial boot: what it showed decides, and what is kept must be what was tried. */
async function keepTrial<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  session: HostSession,
  { inputs, prior, planned, rebooted, log }: Tried<Inputs, State>,
): Promise<Done> {
  const next = definition.plan(inputs, rebooted.facts, prior);
  const isKept = next.outcome === "planned" && next.reboot === undefined && areEqual(next.computed, planned.computed);
  if (!isKept) {
    const what = next.outcome === "planned" ? (next.failedAttempt ?? describeResult(next)) : describeResult(next);
    const error = new HostError({
      host: session.label,
      what,
      next: "mend the cause and run again; the next run tries again",
    });
    return { ...rebooted, failure: error.message };
  }
  try {
    return await carryOut(definition, session, inputs, next, log);
  } catch (error) {
    const facts = await session.facts().catch(() => rebooted.facts);
    return { ...rebooted, facts, failure: toUserError(error).message };
  }
}

/** Reads the host again. Three answers: here is the state; gone, on proof; an error that keeps what is stored. */
export async function read<Inputs extends CommonInputs, State extends JsonObject>(
  context: LifecycleContext<Inputs, State>,
  id: string,
  outputs: Values,
): Promise<{ id: string; props: Record<string, unknown>; inputs?: Record<string, unknown> }> {
  try {
    const { definition } = context;
    const inputs = requireInputs(definition, outputs);
    const session = context.sessions.open(inputs.host, placeOf(definition, inputs).request);
    const log = resourceLog(urnOf(outputs));
    const facts = await session.facts();
    requireSameMachine(session, outputs, facts);
    const observed = definition.observe(inputs, bare(outputs) as State, facts);
    if (observed.kind === "gone") {
      log.warn(`${session.label}: ${observed.proof}`);
      return { id: "", props: {} };
    }
    const result = definition.plan(inputs, facts, observed.state);
    context.observations.remember(urnOf(outputs), facts, result);
    const shown =
      result.outcome === "planned"
        ? { ...result.computed, plan: renderPlan(definition, inputs, facts, result) }
        : { plan: outputs["plan"] };
    const declared = { ...protectSecrets(definition, inputs as Values), ...hidden(outputs) };
    return {
      id,
      props: { ...outputs, ...declared, ...observed.state, machineId: facts.identity.machineId },
      inputs: { ...declared, ...pickComputed(definition, observed.state), ...shown },
    };
  } catch (error) {
    throw toUserError(error);
  }
}

function pickComputed<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  state: State,
): Record<string, unknown> {
  return Object.fromEntries(definition.computed.flatMap((name) => (name in state ? [[name, state[name]]] : [])));
}

function requireSameMachine(session: HostSession, outputs: Values, facts: HostFacts): void {
  const known = outputs["machineId"];
  if (typeof known !== "string" || known === "" || known === facts.identity.machineId) return;
  throw new HostError({
    host: session.label,
    what: `another machine answers at this address (machine id ${facts.identity.machineId}, not ${known}); it is left alone`,
    next: "correct the host's address; if the old machine is gone for good, remove the resource with pulumi state delete",
  });
}

/** Takes the resource back. */
export async function remove<Inputs extends CommonInputs, State extends JsonObject>(
  context: LifecycleContext<Inputs, State>,
  outputs: Values,
): Promise<void> {
  try {
    const { definition } = context;
    const inputs = requireInputs(definition, outputs);
    const session = context.sessions.open(inputs.host, placeOf(definition, inputs).request);
    const log = resourceLog(urnOf(outputs));
    const facts = await session.facts();
    requireSameMachine(session, outputs, facts);
    const planned = requirePlanned(session, definition.planRemoval(inputs, bare(outputs) as State, facts));
    for (const warning of planned.warnings) log.warn(`${session.label}: ${warning}`);
    const done = await carryOut(definition, session, inputs, planned, log);
    if (done.failure !== undefined) throw new Error(done.failure);
  } catch (error) {
    throw toUserError(error);
  }
}
