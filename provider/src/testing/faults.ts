import fs from "node:fs";
import path from "node:path";

import type { ToolAnswer, ToolCall } from "./calls";
import { wrapTool } from "./root/toolbox";

/** When a tool shall fail, and how. */
export interface ToolFault {
  /** Words that the call must hold, all of them; none: every call. A word matches a part of an argument. */
  readonly words?: readonly string[];
  /** How many calls it meets before it is over; without it, all. */
  readonly times?: number;
  /** Calls that it lets pass first. */
  readonly after?: number;
  readonly exitCode?: number;
  readonly stderr?: string;
}

/** What happens when a step is reached; a callback runs while the script waits. */
export type StepAction = "kill" | "power" | "cut" | ((step: string) => void | Promise<void>);

/** What the faults need of the host. */
export interface FaultTarget {
  readonly base: string;
  killCommand(pid: number): void;
  cutPower(): void;
  dropConnections(): Promise<void>;
}

interface Planned {
  readonly fault: ToolFault;
  readonly isHang: boolean;
  seen: number;
  met: number;
}

/** Exit status by which the fault script learns that the tool shall run as usual. */
const NOT_DUE = 254;

/** Everything that a test can make go wrong with the tools and steps of a simulated host. */
export class Faults {
  readonly #target: FaultTarget;
  readonly #tools = new Map<string, Planned[]>();
  #stepActions: { at: number | string; action: StepAction }[] = [];
  #stepCount = 0;

  constructor(target: FaultTarget) {
    this.#target = target;
  }

  /** Makes a tool exit with a status and a message, without doing anything. */
  failTool(name: string, fault: ToolFault = {}): void {
    this.#plan(name, fault, false);
  }

  /** Makes a tool wait for ever. */
  hangTool(name: string, fault: ToolFault = {}): void {
    this.#plan(name, fault, true);
  }

  /**
   * Acts at a step of the next transactions: at the n-th step counted from now, or at the first whose name starts so.
   * `kill` ends the command's processes at once; `power` takes the whole host down, which boots again by itself; `cut` drops
   * the connection and lets the script go on.
   */
  afterStep(at: number | string, action: StepAction): void {
    if (this.#stepActions.length === 0) this.#stepCount = 0;
    this.#stepActions.push({ at, action });
    fs.writeFileSync(path.join(this.#target.base, "armed"), "");
  }

  /** Ends all faults of tools and steps. */
  clear(): void {
    this.#tools.clear();
    this.#disarm();
  }

  #plan(name: string, fault: ToolFault, isHang: boolean): void {
    wrapTool(this.#target.base, name);
    this.#tools.set(name, [...(this.#tools.get(name) ?? []), { fault, isHang, seen: 0, met: 0 }]);
  }

  #disarm(): void {
    this.#stepActions = [];
    fs.rmSync(path.join(this.#target.base, "armed"), { force: true });
  }

  /** Answers the script that stands before a tool. */
  async answerTool(call: ToolCall): Promise<ToolAnswer> {
    const [name = "", ...words] = call.words;
    const due = (this.#tools.get(name) ?? []).find((planned) => isDue(planned, words));
    if (due === undefined) return { status: NOT_DUE };
    if (due.isHang) await new Promise(() => undefined);
    return { status: due.fault.exitCode ?? 1, stderr: due.fault.stderr ?? `${name}: simulated failure\n` };
  }

  /** Answers the hook that a transaction calls at each step. */
  async answerStep(call: ToolCall): Promise<ToolAnswer> {
    const step = call.words.join(" ");
    const count = ++this.#stepCount;
    const due = this.#stepActions.filter(({ at }) => (typeof at === "number" ? at === count : step.startsWith(at)));
    this.#stepActions = this.#stepActions.filter((one) => !due.includes(one));
    if (this.#stepActions.length === 0) this.#disarm();
    for (const { action } of due) await this.#act(action, step, call.pid);
    return { status: 0 };
  }

  async #act(action: StepAction, step: string, pid: number): Promise<void> {
    if (typeof action === "function") await action(step);
    else if (action === "kill") this.#target.killCommand(pid);
    else if (action === "power") this.#target.cutPower();
    else await this.#target.dropConnections();
  }
}

function isDue(planned: Planned, words: readonly string[]): boolean {
  const { words: wanted = [], times = Infinity, after = 0 } = planned.fault;
  if (!wanted.every((text) => words.some((word) => word.includes(text)))) return false;
  if (planned.seen++ < after || planned.met >= times) return false;
  planned.met++;
  return true;
}
