import { describe, expect, it } from "@jest/globals";
import { selectCases } from "../lab/faults/cases";
import { renderReport, type Row } from "../lab/faults/report";
import { SCENARIOS } from "../lab/faults/scenarios";

const COMPLETE = { PASSTHROUGH_FAULTS: "all", PASSTHROUGH_FAULT_SEED: "1" };

describe("the cases of the fault lab", () => {
  it("are every fault at every step of every transaction, where all are asked for", () => {
    const { cases, isComplete } = selectCases(COMPLETE);
    const steps = SCENARIOS.reduce((sum, scenario) => sum + scenario.steps.length, 0);

    expect(isComplete).toBe(true);
    expect(cases).toHaveLength(3 * steps);
    expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
  });

  it("are a part that the seed repeats", () => {
    const titles = ["7", "7", "8"].map((seed) =>
      selectCases({ PASSTHROUGH_FAULT_SEED: seed }).cases.map(({ title, delayMs }) => `${title} ${delayMs}`),
    );

    expect(titles.map((part) => part.length)).toEqual([2, 2, 2]);
    expect(titles[1]).toEqual(titles[0]);
    expect(titles[2]).not.toEqual(titles[0]);
  });

  it("reach every case with some seed", () => {
    const all = selectCases(COMPLETE).cases.map(({ title }) => title);
    const seeds = Array.from({ length: 1000 }, (_, seed) => String(seed));
    const reached = seeds.flatMap((seed) => selectCases({ PASSTHROUGH_FAULT_SEED: seed }).cases);

    expect(new Set(reached.map(({ title }) => title))).toEqual(new Set(all));
  });
});

describe("the report of the fault lab", () => {
  it("counts hosts that did not come back, and runs that did not converge", () => {
    const [first, second, third] = selectCases(COMPLETE).cases;
    if (first === undefined || second === undefined || third === undefined) throw new Error("there are too few cases");
    const cameBack = { stepName: "lock", lines: { before: "a", after: "a" }, seconds: 41 };
    const rows: Row[] = [
      { faultCase: first, cameBack, hasConverged: true },
      { faultCase: second, cameBack },
      { faultCase: third },
    ];

    expect(renderReport(rows)).toContain("| grub-bios | apply | power cut before | 1 lock | yes, 41 s | yes |\n");
    expect(renderReport(rows)).toContain("3 faults, 1 hosts lost, 2 not converged\n");
  });
});
