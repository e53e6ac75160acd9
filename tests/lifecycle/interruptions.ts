import { expect } from "@jest/globals";
import type { MachineName, SimulatedHost } from "pulumi-passthrough/testing";
import type { Kind } from "../../provider/src/engine/registry";
import { inRun, Resource, type Run, type Values } from "./driver";
import { readBootFiles } from "./hosts";

/** One transaction that is interrupted at each of its steps. */
export interface Scenario {
  readonly what: string;
  readonly machine: MachineName;
  readonly kind: Kind;
  readonly inputs: Values;
  /** What is declared before an update; absent for the others. */
  readonly earlier?: Values;
  readonly interrupted: "create" | "update" | "delete";
  /** What the user does next with an interrupted delete: declare it again, or delete it again. */
  readonly next: "up" | "delete";
  /** Everything that the resource changes, as text. */
  readonly read: (host: SimulatedHost) => Record<string, string>;
  /** How it is cut short: only the connection, only the script, or the power of the whole host. */
  readonly way: "cut" | "kill" | "power";
  /** What the declaration asks for; where the way there leaves its mark, less than what `read` tells. */
  readonly readGoal?: (host: SimulatedHost) => Record<string, string>;
  /** Whether a part of it may already count when the rest is cut short, as a trial boot before what follows it. */
  readonly mayKeepState?: boolean;
  /** Looks at the host in the moment of the cut. */
  readonly inspect: (host: SimulatedHost, allowed: readonly Record<string, string>[]) => void;
}

/** Names of the files that a change has beside the ones it replaces. */
export const BESIDE = /\.passthrough-(old|new)(\.new)?$/;

/** An inspection by which every file is whole: its bytes are those of before or of after, never anything else. */
export function expectWhole(read: Scenario["read"]): Scenario["inspect"] {
  return (host, allowed) => {
    const now = read(host);
    const broken = Object.keys({ ...allowed[0], ...now }).filter(
      (path) => !BESIDE.test(path) && !allowed.some((files) => files[path] === now[path]),
    );
    expect(broken).toEqual([]);
  };
}

/** Outputs that a delete goes by, of all kinds. */
const WAY_BACK = ["ownership", "members"];

/** Most steps that any transaction has, so that a loop that never ends shows as such. */
const MOST_STEPS = 40;

/** Cuts at every step; returns how many there were. */
export async function cutEverywhere(host: SimulatedHost, scenario: Scenario): Promise<number> {
  const trial = new Trial(host, scenario);
  await trial.learn();
  let step = 1;
  while (await trial.cut(step)) expect(++step).toBeLessThan(MOST_STEPS);
  const { kind, machine, what, way } = scenario;
  process.stdout.write(`${kind} on ${machine}, ${what}, ${way}: ${step - 1} cuts\n`);
  return step - 1;
}

class Trial {
  readonly #host: SimulatedHost;
  readonly #scenario: Scenario;
  readonly #commandLine: string;
  #resource: Resource;
  #pristine: Record<string, string> = {};
  #earlier: Record<string, string> = {};
  #after: Record<string, string> = {};
  #goal: Record<string, string> = {};
  #wayBack: readonly unknown[] = [];

  constructor(host: SimulatedHost, scenario: Scenario) {
    this.#host = host;
    this.#scenario = scenario;
    this.#commandLine = host.commandLine();
    this.#resource = new Resource(scenario.kind);
  }

  /** Goes through it once without a cut: what it looks like before, between and after. */
  async learn(): Promise<void> {
    this.#pristine = this.#read();
    this.#earlier = this.#pristine;
    await inRun(async (run) => {
      if (this.#scenario.earlier !== undefined) {
        await this.#up(run, this.#scenario.earlier);
        this.#earlier = this.#read();
      }
      await this.#up(run, this.#scenario.inputs);
      this.#after = this.#read();
      this.#goal = this.#readGoal();
      this.#wayBack = this.#readWayBack();
      expect(this.#after).not.toEqual(this.#pristine);
      await this.#goOn(run, "done");
    });
  }

  /** Returns false when there is no such step; else the host is as it was before all when this returns. */
  async cut(step: number): Promise<boolean> {
    this.#resource = new Resource(this.#scenario.kind);
    const outcome = await inRun(async (run) => {
      if (this.#scenario.interrupted === "delete") await this.#up(run, this.#scenario.inputs);
      if (this.#scenario.earlier !== undefined) await this.#up(run, this.#scenario.earlier);
      return this.#interrupt(run, step);
    });
    await inRun((run) => this.#goOn(run, outcome));
    if (this.#host.commandLine() !== this.#commandLine) await this.#host.reboot();
    return outcome === "interrupted";
  }

  async #interrupt(run: Run, step: number): Promise<"interrupted" | "done"> {
    const stored = this.#resource.state;
    const reached: number[] = [];
    this.#host.faults.afterStep(step, () => {
      reached.push(step);
      this.#inspect();
    });
    this.#host.faults.afterStep(step, this.#scenario.way);
    const isDelete = this.#scenario.interrupted === "delete";
    const work = isDelete ? this.#resource.destroy(run) : this.#up(run, this.#scenario.inputs);
    const failure = await work.then(() => undefined, String);
    await this.#host.settle();
    this.#host.faults.clear();
    expect(this.#host.failure).toBeUndefined();
    // A run that waits for a reboot anyway comes through one more of them by itself.
    if (this.#scenario.mayKeepState !== true || failure !== undefined) {
      expect(failure !== undefined).toBe(reached.length > 0);
    }
    if (reached.length === 0) return "done";
    if (this.#scenario.mayKeepState !== true) expect(this.#resource.state).toBe(stored);
    this.#inspect();
    return "interrupted";
  }

  /** The next command after the cut, and a delete: both know no more than what is stored. */
  async #goOn(run: Run, outcome: "interrupted" | "done"): Promise<void> {
    if (this.#scenario.next === "up" && outcome === "interrupted") {
      await this.#up(run, this.#scenario.inputs);
      expect(this.#readGoal()).toEqual(this.#goal);
      expect(this.#readWayBack()).toEqual(this.#wayBack);
    }
    if (this.#resource.state !== undefined) await this.#resource.destroy(run);
    expect(this.#read()).toEqual(this.#pristine);
    expect(Object.keys(readBootFiles(this.#host)).filter((path) => BESIDE.test(path))).toEqual([]);
  }

  #inspect(): void {
    this.#scenario.inspect(this.#host, [this.#pristine, this.#earlier, this.#after]);
  }

  #read(): Record<string, string> {
    return this.#scenario.read(this.#host);
  }

  #readGoal(): Record<string, string> {
    return (this.#scenario.readGoal ?? this.#scenario.read)(this.#host);
  }

  #readWayBack(): readonly unknown[] {
    const stored = this.#resource.state?.outputs ?? {};
    return WAY_BACK.filter((name) => name in stored).map((name) => this.#resource.output(name));
  }

  async #up(run: Run, inputs: Values): Promise<void> {
    await this.#resource.up(run, { host: this.#host.connection, ...inputs });
  }
}
