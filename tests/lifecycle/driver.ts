import { dynamicProvider, type DynamicProvider } from "../../provider/src/engine/provider";
import { definitions, type Kind } from "../../provider/src/engine/registry";
import { Sessions } from "../../provider/src/engine/sessions";
import { bare } from "../../provider/src/engine/wire";
import { ShellPool } from "../../provider/src/transport/pool";

/** Values as they pass Pulumi's wire. */
export type Values = Readonly<Record<string, unknown>>;

/** One `pulumi` command: one provider process, with its connections and its memory. */
export class Run implements AsyncDisposable {
  readonly #sessions = new Sessions(new ShellPool({ lingerMs: 10_000 }));
  readonly #providers = new Map<Kind, DynamicProvider>();

  provider(kind: Kind): DynamicProvider {
    let provider = this.#providers.get(kind);
    if (provider === undefined) {
      provider = dynamicProvider(definitions[kind] as unknown as Parameters<typeof dynamicProvider>[0], this.#sessions);
      this.#providers.set(kind, provider);
    }
    return provider;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions.close();
  }
}

/** Does something in a `pulumi` command of its own. */
export async function inRun<T>(work: (run: Run) => Promise<T>): Promise<T> {
  await using run = new Run();
  return await work(run);
}

/** What a check refused: the property and the reason of each problem, in one line. */
export class CheckFailure extends Error {
  readonly problems: readonly string[];

  constructor(failures: readonly { readonly property: string; readonly reason: string }[]) {
    const problems = failures.map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`));
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** What Pulumi stores of a resource. */
export interface Stored {
  readonly id: string;
  readonly inputs: Values;
  readonly outputs: Values;
  /** The change ended half way, so that the next run updates whatever `diff` says. */
  readonly isUnfinished: boolean;
}

export type Operation = "create" | "update" | "replace" | "same";

/** A checked resource, and what Pulumi would do with it. */
export interface Preview {
  readonly inputs: Values;
  readonly operation: Operation;
}

/** One resource over several runs, with the state that Pulumi keeps of it. */
export class Resource {
  readonly kind: Kind;
  readonly urn: string;
  state: Stored | undefined;

  constructor(kind: Kind, name = kind.toLowerCase()) {
    this.kind = kind;
    this.urn = `urn:pulumi:test::test::pulumi-nodejs:dynamic/passthrough:${kind}::${name}`;
  }

  /** Checks the inputs and says what an `up` would do; throws a CheckFailure. */
  async preview(run: Run, inputs: Values): Promise<Preview> {
    return this.#plan(run, { ...inputs, __preview: true });
  }

  /** Does what `pulumi up` does with the resource. A failure leaves the state that Pulumi would keep. */
  async up(run: Run, inputs: Values): Promise<Operation> {
    const { inputs: checked, operation } = await this.#plan(run, { ...inputs, __preview: false });
    if (operation === "same") return operation;
    if (operation === "replace") await this.destroy(run);
    await this.#keepPartial(checked, async () => {
      const old = this.state;
      if (old === undefined) {
        const { id, outs } = await run.provider(this.kind).create(onWire(checked));
        this.state = { id, inputs: checked, outputs: outs, isUnfinished: false };
      } else {
        const { outs } = await run.provider(this.kind).update(old.id, onWire(old.outputs), onWire(checked));
        this.state = { id: old.id, inputs: checked, outputs: outs, isUnfinished: false };
      }
    });
    return operation;
  }

  /** Does what `pulumi refresh` does; returns whether the resource is still there. */
  async refresh(run: Run): Promise<boolean> {
    const old = this.#stored();
    const { id, props, inputs } = await run.provider(this.kind).read(old.id, onWire(old.outputs));
    this.state = id === "" ? undefined : { ...old, outputs: props, inputs: inputs ?? old.inputs };
    return id !== "";
  }

  /** Does what `pulumi destroy` does with the resource. */
  async destroy(run: Run): Promise<void> {
    const old = this.#stored();
    await run.provider(this.kind).delete(old.id, onWire(old.outputs));
    this.state = undefined;
  }

  /** An output as it is stored, without envelopes. */
  output(name: string): unknown {
    return bare(this.#stored().outputs[name]);
  }

  async #plan(run: Run, inputs: Values): Promise<Preview> {
    const provider = run.provider(this.kind);
    const old = this.state;
    const answer = await provider.check(onWire(old?.inputs ?? {}), onWire({ ...inputs, __urn: this.urn }));
    if (answer.failures.length > 0) throw new CheckFailure(answer.failures);
    if (old === undefined) return { inputs: answer.inputs, operation: "create" };
    const diff = await provider.diff(old.id, onWire(old.outputs), onWire(answer.inputs));
    const operation = diff.replaces.length > 0 ? "replace" : diff.changes || old.isUnfinished ? "update" : "same";
    return { inputs: answer.inputs, operation };
  }

  async #keepPartial(checked: Values, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof Error && "id" in error && "properties" in error) {
        const { id, properties } = error as Error & { id: string; properties: Values };
        this.state = { id, inputs: checked, outputs: properties, isUnfinished: true };
      }
      throw error;
    }
  }

  #stored(): Stored {
    if (this.state === undefined) throw new Error(`${this.kind} is not in the state`);
    return this.state;
  }
}

/** Secrets are stored in envelopes and arrive at a dynamic provider without; nothing but JSON gets through. */
function onWire(values: Values): Values {
  return bare(JSON.parse(JSON.stringify(values))) as Values;
}
