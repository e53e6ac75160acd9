import { expect, it } from "@jest/globals";
import { readBootFiles, useHosts } from "./hosts";
import { BESIDE, cutEverywhere, expectWhole, type Scenario } from "./interruptions";

const start = useHosts();

const COMMON = {
  kind: "HostIommuConfig",
  inputs: { mode: "passthrough", kernelArguments: { present: ["hugepages=8"] } },
  read: readBootFiles,
  inspect: expectWhole(readBootFiles),
} as const;
const EARLIER = { mode: "translated", kernelArguments: { absent: ["console=ttyS0", "quiet"] } };

const SCENARIOS = (["debian-grub", "fedora-bls"] as const).flatMap((machine) =>
  (["cut", "power"] as const).flatMap((way): Scenario[] => [
    { ...COMMON, machine, way, what: "create", interrupted: "create", next: "up" },
    { ...COMMON, machine, way, what: "update", interrupted: "update", earlier: EARLIER, next: "up" },
    { ...COMMON, machine, way, what: "delete, then declare again", interrupted: "delete", next: "up" },
    { ...COMMON, machine, way, what: "delete, then delete again", interrupted: "delete", next: "delete" },
  ]),
);

it.each(SCENARIOS)("$machine comes through a $way at every step: $what", async (scenario) => {
  const host = await start({ machine: scenario.machine });

  const cuts = await cutEverywhere(host, scenario);

  expect(cuts).toBeGreaterThan(6);
  expect(Object.keys(readBootFiles(host)).filter((path) => BESIDE.test(path))).toEqual([]);
});
