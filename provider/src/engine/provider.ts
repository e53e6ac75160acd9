import type { CommonInputs, Definition, JsonObject } from "../resources/definition";
import { check, type CheckAnswer } from "./check";
import { diff, type DiffAnswer } from "./diff";
import { read, reconcile, remove } from "./lifecycle";
import { Observations } from "./observations";
import type { Sessions } from "./sessions";

type Values = Readonly<Record<string, unknown>>;

/** The methods that Pulumi's dynamic provider process calls. */
export interface DynamicProvider {
  check(olds: Values, news: Values): Promise<CheckAnswer>;
  diff(id: string, olds: Values, news: Values): Promise<DiffAnswer>;
  create(inputs: Values): Promise<{ id: string; outs: Record<string, unknown> }>;
  read(
    id: string,
    outputs: Values,
  ): Promise<{ id: string; props: Record<string, unknown>; inputs?: Record<string, unknown> }>;
  update(id: string, olds: Values, news: Values): Promise<{ outs: Record<string, unknown> }>;
  delete(id: string, outputs: Values): Promise<void>;
}

/** Puts a kind of resource behind Pulumi's dynamic provider protocol. */
export function dynamicProvider<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  sessions: Sessions,
): DynamicProvider {
  const context = { definition, sessions, observations: new Observations() };
  return {
    check: (olds, news) => check(context, olds, news),
    diff: (_id, olds, news) => Promise.resolve(diff(definition, context.observations, olds, news)),
    create: (inputs) => reconcile(context, inputs, undefined),
    read: (id, outputs) => read(context, id, outputs),
    update: async (_id, olds, news) => ({ outs: (await reconcile(context, news, olds)).outs }),
    delete: (_id, outputs) => remove(context, outputs),
  };
}
