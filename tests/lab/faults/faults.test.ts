import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { selectCases, type FaultCase } from "./cases";
import { inflict, inspectBootFiles, listLasting, listLeftovers } from "./outcome";
import { renderReport, renderRow, type Row } from "./report";
import { describeStep, SCENARIOS } from "./scenarios";
import { listSteps, Stage, type Scene } from "./stage";

const { seed, cases, isComplete } = selectCases(process.env);

describe(`faults on purpose (${isComplete ? "all" : `PASSTHROUGH_FAULT_SEED=${seed}`})`, () => {
  const rows: Row[] = [];
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
  });

  afterAll(async () => {
    await stage.close();
    process.stderr.write(`\n${renderReport(rows)}`);
  });

  it.each(cases.map((faultCase) => [faultCase.title, faultCase] as const))("%s", async (_title, faultCase) => {
    const row: Row = { faultCase };
    rows.push(row);
    try {
      await stage.play(faultCase.scenario, (scene) => play(scene, row));
    } finally {
      // A full loop takes hours; whoever watches it wants to see each case when it is over.
      process.stderr.write(`${renderRow(row)}\n`);
    }
  });

  if (isComplete) {
    it.each(SCENARIOS)("knows all steps: $image, $name", async (scenario) => {
      await stage.play(scenario, async (scene) => {
        expect((await listSteps(scene, scenario)).map(describeStep)).toEqual(scenario.steps);
      });
    });
  }
});

async function play(scene: Scene, row: Row): Promise<void> {
  row.cameBack = await inflict(scene, row.faultCase);

  expect(describeStep(row.cameBack.stepName)).toBe(row.faultCase.stepName);
  expect(await inspectBootFiles(scene.host)).toBe("");
  await converge(scene, row.faultCase);
  row.hasConverged = true;
}

/** The same run once more ends where it was to end; and from there everything can be taken back. */
async function converge(scene: Scene, { scenario }: FaultCase): Promise<void> {
  await scene.run(scenario.run);
  if (scenario.run === "up") {
    expect(Object.keys((await scene.run("up")).changes)).toEqual(["same"]);
    expect(await listLeftovers(scene.host)).toBe("");
    await scene.run("destroy");
  }
  expect(await listLeftovers(scene.host)).toBe("");
  expect(await listLasting(scene)).toEqual([]);
}
