import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { readAllBootFiles } from "./boot-partitions";
import { useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";

const start = useHosts();

/** Names of the files that a change has beside the ones it replaces. */
const OURS = /\.passthrough-(old|new)(\.new)?$/;

/** Every file is whole: its bytes are those of before or of after, never anything else. */
function expectWhole(host: SimulatedHost, allowed: readonly Record<string, string>[]): void {
  const now = readAllBootFiles(host);
  const broken = Object.keys({ ...allowed[0], ...now }).filter(
    (path) => !OURS.test(path) && !allowed.some((files) => files[path] === now[path]),
  );
  expect(broken).toEqual([]);
}

const COMMON = {
  kind: "HostIommuConfig",
  inputs: { mode: "passthrough", kernelArguments: { present: ["hugepages=8"] } },
  read: readAllBootFiles,
  inspect: expectWhole,
  way: "power",
} as const;
const EARLIER = { mode: "translated", kernelArguments: { absent: ["console=ttyS0"] } };
const CREATE = { what: "create", interrupted: "create", next: "up" } as const;
const DELETE = { what: "delete, then delete again", interrupted: "delete", next: "delete" } as const;

const SCENARIOS: readonly Scenario[] = [
  ...(["systemd-boot", "proxmox"] as const).flatMap((machine): Scenario[] => [
    { ...COMMON, ...CREATE, machine },
    { ...COMMON, machine, what: "update", interrupted: "update", earlier: EARLIER, next: "up" },
    { ...COMMON, machine, what: "delete, then declare again", interrupted: "delete", next: "up" },
    { ...COMMON, ...DELETE, machine },
  ]),
  { ...COMMON, ...CREATE, machine: "unified-kernel-image" },
  { ...COMMON, ...DELETE, machine: "unified-kernel-image" },
  { ...COMMON, ...CREATE, machine: "proxmox-grub", way: "cut" },
];

it.each(SCENARIOS)("$machine comes through a $way at every step: $what", async (scenario) => {
  const host = await start({ machine: scenario.machine });

  const cuts = await cutEverywhere(host, scenario);

  expect(cuts).toBeGreaterThan(5);
  expect(Object.keys(readAllBootFiles(host)).filter((path) => OURS.test(path))).toEqual([]);
});
