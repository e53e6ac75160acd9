import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";
import { BARE_HOSTS } from "./virtualization-hosts";

const start = useHosts();

/** What is installed, as a whole or not. */
function read(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(host.packages.states);
}

const COMMON = {
  machine: "debian-no-libvirt",
  kind: "VirtualizationHost",
  inputs: { removeOnDelete: true },
  read,
  inspect: () => undefined,
} as const;

const CREATE = { ...COMMON, what: "create", interrupted: "create", next: "up" } as const;

const SCENARIOS: readonly (Scenario & { readonly on: keyof typeof BARE_HOSTS })[] = [
  { ...CREATE, on: "apt", way: "cut" },
  { ...CREATE, on: "apt", way: "kill" },
  { ...CREATE, on: "dnf4", way: "power" },
  { ...COMMON, on: "apt", way: "power", what: "delete, then delete again", interrupted: "delete", next: "delete" },
  { ...COMMON, on: "pacman", way: "kill", what: "delete, then declare again", interrupted: "delete", next: "up" },
];

it.each(SCENARIOS)("packages come through a $way at every step with $on: $what", async ({ on, ...scenario }) => {
  const host = await start({ machine: BARE_HOSTS[on] });

  expect(await cutEverywhere(host, scenario)).toBeGreaterThan(3);
});
