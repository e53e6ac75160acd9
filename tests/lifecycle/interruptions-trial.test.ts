import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { readBootFiles, useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";

const start = useHosts();

/** What a trial makes for itself, and the environment block, in which GRUB notes the choice of the next boot. */
const OF_THE_TRIAL = /\/(custom\.cfg|passthrough-trial\.service|grubenv)$|\.passthrough-(old|new)(\.new)?$/;

function readPermanent(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(Object.entries(readBootFiles(host)).filter(([path]) => !OF_THE_TRIAL.test(path)));
}

function readAllButChoice(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(Object.entries(readBootFiles(host)).filter(([path]) => !path.endsWith("/grubenv")));
}

/** Every permanent boot file is whole, and the host runs: on its old line, or on the one that is tried. */
function expectWhole(host: SimulatedHost, allowed: readonly Record<string, string>[]): void {
  const now = readPermanent(host);
  const broken = Object.keys(now).filter((path) => !allowed.some((files) => files[path] === now[path]));
  expect(broken).toEqual([]);
}

const COMMON = {
  kind: "HostIommuConfig",
  inputs: {
    mode: "passthrough",
    trialBoot: { confirmTimeoutSeconds: 3600 },
    reboot: { policy: "ifRequired", timeoutSeconds: 30 },
  },
  read: readAllButChoice,
  inspect: expectWhole,
  mayKeepState: true,
  interrupted: "create",
  next: "up",
  what: "create with a trial boot",
} as const;

const SCENARIOS = [
  ...(["cut", "power"] as const).map((way): Scenario => ({ ...COMMON, machine: "debian-grub", way })),
  { ...COMMON, machine: "fedora-bls", way: "power" } satisfies Scenario,
];

it.each(SCENARIOS)("$machine comes through a $way at every step: $what", async (scenario) => {
  const host = await start({ machine: scenario.machine });

  expect(await cutEverywhere(host, scenario)).toBeGreaterThan(16);
});
