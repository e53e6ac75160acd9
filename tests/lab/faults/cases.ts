import { randomInt } from "node:crypto";
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

/** How many cases run where not all of them are asked for. */
const SAMPLE = 2;

/** The cases to run: all of them, or a part that the seed chooses. */
export interface Selection {
  readonly seed: number;
  readonly cases: readonly FaultCase[];
  readonly isComplete: boolean;
}

/** Reads from the environment what is to run. */
export function selectCases(environment: NodeJS.ProcessEnv): Selection {
  const seed = Number(environment["PASSTHROUGH_FAULT_SEED"] ?? randomInt(1_000_000));
  const draw = makeDraw(seed);
  const all = listCases(draw);
  if (environment["PASSTHROUGH_FAULTS"] === "all") return { seed, cases: all, isComplete: true };
  // Cases of one scenario stand together, so that its host is prepared once.
  const chosen = new Set(shuffle(all, draw).slice(0, SAMPLE));
  return { seed, cases: all.filter((candidate) => chosen.has(candidate)), isComplete: false };
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

/** Numbers from 0 up to 1, the same for the same seed (a linear congruential generator with the constants of Numerical Recipes). */
function makeDraw(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffle<T>(items: readonly T[], draw: () => number): T[] {
  return items
    .map((item) => ({ item, place: draw() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
