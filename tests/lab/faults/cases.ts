import { randomInt } from "node:crypto";
import { Ledger } from "./ledger";
import { SCENARIOS, type Scenario } from "./scenarios";

/** What happens to a host: before it takes a step, while it is busy with it, or while it takes it without us. */
const FAULTS = ["power cut before", "power cut during", "connection lost at"] as const;
export type Fault = (typeof FAULTS)[number];

/** What a step takes is not known; most are over after a second on an emulated machine, a menu takes half a minute. */
const LONGEST_DELAY_MS = 3_000;

/** One fault at one step; `step` counts from 1. */
export interface FaultCase {
  readonly fault: Fault;
  readonly scenario: Scenario;
  readonly step: number;
  readonly stepName: string;
  /** How long after the step's begin the power is cut during it. */
  readonly delayMs: number;
  readonly title: string;
}

/** How many cases run where not all of them are asked for, and of which transactions: the others take several boots each. */
const SAMPLE = 2;
const SAMPLED = ["apply", "delete"];

/** What once went wrong is always run: a rename on the EFI system partition that was not on the disk when the next step began. */
const PINNED = ["systemd-boot, apply: power cut before step 5, write etc/kernel/cmdline"];

/** The cases to run: all of them, or the pinned ones and a part that the seed chooses. */
export interface Selection {
  readonly seed: number;
  readonly cases: readonly FaultCase[];
  readonly isComplete: boolean;
  /** Where the results go; what went well in an earlier run with the same file is not among the cases. */
  readonly ledger: Ledger;
}

/** Reads from the environment what is to run. */
export function selectCases(environment: NodeJS.ProcessEnv): Selection {
  const seed = Number(environment["PASSTHROUGH_FAULT_SEED"] ?? randomInt(1_000_000));
  const ledger = new Ledger(environment["PASSTHROUGH_FAULT_REPORT"]);
  const all = listCases(makeDraw(seed)).filter(({ title }) => !ledger.isDone(title));
  const isComplete = environment["PASSTHROUGH_FAULTS"] === "all";
  return { seed, cases: isComplete ? all : sample(all, seed), isComplete, ledger };
}

/** A few of the quick cases; those of one scenario stay together, so that its host is prepared once. */
export function sample(cases: readonly FaultCase[], seed: number): readonly FaultCase[] {
  const pinned = cases.filter(({ title }) => PINNED.includes(title));
  const quick = cases.filter((candidate) => SAMPLED.includes(candidate.scenario.name) && !pinned.includes(candidate));
  const draw = makeDraw(seed);
  const chosen = new Set(pinned);
  while (chosen.size < pinned.length + Math.min(SAMPLE, quick.length)) chosen.add(pick(quick, draw));
  return cases.filter((candidate) => chosen.has(candidate));
}

function listCases(draw: () => number): FaultCase[] {
  return SCENARIOS.flatMap((scenario) =>
    FAULTS.flatMap((fault) =>
      scenario.steps.map((stepName, index) => ({
        fault,
        scenario,
        step: index + 1,
        stepName,
        delayMs: Math.round(draw() * LONGEST_DELAY_MS),
        title: `${scenario.image}, ${scenario.name}: ${fault} step ${index + 1}, ${stepName}`,
      })),
    ),
  );
}

/** Numbers from 0 up to 1, the same for the same seed: Marsaglia's xorshift with a multiplication behind it. */
function makeDraw(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (Math.imul(state, 0x85ebca6b) >>> 0) / 2 ** 32;
  };
}

function pick<T>(items: readonly T[], draw: () => number): T {
  const item = items[Math.floor(draw() * items.length)];
  if (item === undefined) throw new RangeError("there is nothing to pick from");
  return item;
}
