import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { sample, selectCases, type FaultCase } from "../lab/faults/cases";
import { Ledger } from "../lab/faults/ledger";
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

    expect(titles.map((part) => part.length)).toEqual([3, 3, 3]);
    expect(titles[1]).toEqual(titles[0]);
    expect(titles[2]).not.toEqual(titles[0]);
  });

  it("hold what once went wrong, whatever the seed", () => {
    const { cases } = selectCases({ PASSTHROUGH_FAULT_SEED: "9" });

    expect(cases.map(({ title }) => title)).toContain(
      "systemd-boot, apply: power cut before step 5, write etc/kernel/cmdline",
    );
  });

  it("reach every case of the quick transactions with some seed", () => {
    const { cases } = selectCases(COMPLETE);
    const seeds = Array.from({ length: 5000 }, (_, seed) => seed);
    const quick = cases.filter(({ scenario }) => ["apply", "delete"].includes(scenario.name));

    expect(new Set(seeds.flatMap((seed) => sample(cases, seed)))).toEqual(new Set(quick));
  });
});

describe("the ledger of the fault lab", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "passthrough-ledger-"));
    file = join(folder, "faults.jsonl");
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  const [first, second, third] = selectCases(COMPLETE).cases as readonly [FaultCase, FaultCase, FaultCase];
  const cameBack = { stepName: "lock", seconds: 41, damage: "" };

  it("counts hosts that did not come back, and runs that did not converge", () => {
    const ledger = new Ledger(undefined);
    ledger.add({ faultCase: first, cameBack, hasConverged: true });
    ledger.add({ faultCase: second, cameBack });
    ledger.add({ faultCase: third });

    expect(ledger.render()).toContain("| apply | grub-bios | 3 | 2 | 1 |\n");
    expect(ledger.render()).toContain("| apply | grub-bios | 1 lock | 1 | 1 | 1 |\n");
    expect(ledger.render()).toContain("3 faults, 1 hosts lost, 2 not converged\n");
  });

  it("goes on where an earlier run with the same file was ended", () => {
    const earlier = new Ledger(file);
    earlier.add({ faultCase: first, cameBack, hasConverged: true });
    earlier.add({ faultCase: second, cameBack });

    const { cases, ledger } = selectCases({ ...COMPLETE, PASSTHROUGH_FAULT_REPORT: file });

    expect(cases.map(({ title }) => title)).not.toContain(first.title);
    expect(cases[0]?.title).toBe(second.title);
    ledger.add({ faultCase: second, cameBack, hasConverged: true });
    expect(new Ledger(file).render()).toContain("2 faults, 0 hosts lost, 0 not converged\n");
  });
});
