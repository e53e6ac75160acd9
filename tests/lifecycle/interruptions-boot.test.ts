import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { readBootFiles, useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";

const start = useHosts();

/** Names of the files that a change has beside the ones it replaces. */
const OURS = /\.passthrough-(old|new)(\.new)?$/;

/** Every boot file is whole: its bytes are those of before or of after, never anything else. */
function expectWhole(host: SimulatedHost, allowed: readonly Record<string, string>[]): void {
  const now = readBootFiles(host);
  const broken = Object.keys({ ...allowed[0], ...now }).filter(
    (path) => !OURS.test(path) && !allowed.some((files) => files[path] === now[path]),
  );
  expect(broken).toEqual([]);
}

const COMMON = {
  kind: "HostIommuConfig",
  inputs: { mode: "passthrough", kernelArguments: { present: ["hugepages=8"] } },
  read: readBootFiles,
  inspect: expectWhole,
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
  expect(Object.keys(readBootFiles(host)).filter((path) => OURS.test(path))).toEqual([]);
});
