import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { selectCases } from "./cases";
import { listDifferences, readEnd, rehearse, type Goal } from "./goal";
import type { Row } from "./ledger";
import { inflict } from "./outcome";
import { describeStep, SCENARIOS, type Scenario } from "./scenarios";
import { Stage, type Scene } from "./stage";

const { seed, cases, isComplete, ledger } = selectCases(process.env);

describe(`faults on purpose (${isComplete ? "all" : `PASSTHROUGH_FAULT_SEED=${seed}`})`, () => {
  const goals = new Map<Scenario, Goal>();
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
  });

  afterAll(async () => {
    await stage.close();
    process.stderr.write(`\n${ledger.render()}`);
  });

  async function findGoal(scenario: Scenario): Promise<Goal> {
    const { image, name } = scenario;
    const goal =
      goals.get(scenario) ??
      (await tellFailure(`${image}, ${name}`, () => stage.play(scenario, (scene) => rehearse(scene, scenario))));
    goals.set(scenario, goal);
    return goal;
  }

  if (isComplete) {
    it.each(SCENARIOS)("$image, $name: goes through its steps, and all the way back", async (scenario) => {
      await findGoal(scenario);
    });
  }

  // None is left where all went well in earlier runs, which `it.each` takes for a mistake.
  for (const faultCase of cases) {
    it(faultCase.title, async () => {
      const { scenario } = faultCase;
      const goal = await findGoal(scenario);
      const row: Row = { faultCase };
      try {
        await tellFailure(faultCase.title, () => stage.play(scenario, (scene) => play(scene, row, goal)));
      } finally {
        ledger.add(row);
      }
    });
  }
});

/** jest shows what failed when the last case is over, hours later. */
async function tellFailure<T>(title: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    process.stderr.write(`${title}: ${String(error)}\n`);
    throw error;
  }
}

async function play(scene: Scene, row: Row, goal: Goal): Promise<void> {
  const { scenario, stepName } = row.faultCase;

  row.cameBack = await inflict(scene, row.faultCase);

  expect(describeStep(row.cameBack.stepName)).toBe(stepName);
  expect(row.cameBack.damage).toBe("");
  await scene.run(scenario.run);
  // Of an initial ramdisk only the names in it can be compared, and the note on it not at all.
  if (scenario.setting !== "as built" && scenario.run === "up")
    expect(Object.keys((await scene.run("up")).changes)).toEqual(["same"]);
  expect(listDifferences(goal, await readEnd(scene, scenario))).toEqual([]);
  row.hasConverged = true;
}
