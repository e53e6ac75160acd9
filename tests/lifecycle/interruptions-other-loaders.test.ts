import { expect, it } from "@jest/globals";
import { readAllBootFiles } from "./boot-partitions";
import { useHosts } from "./hosts";
import { BESIDE, cutEverywhere, expectWhole, type Scenario } from "./interruptions";

const start = useHosts();

const COMMON = {
  kind: "HostIommuConfig",
  inputs: { mode: "passthrough", kernelArguments: { present: ["hugepages=8"] } },
  read: readAllBootFiles,
  inspect: expectWhole(readAllBootFiles),
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
  expect(Object.keys(readAllBootFiles(host)).filter((path) => BESIDE.test(path))).toEqual([]);
});
