import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { parseDomain } from "../../provider/src/model/libvirt/domain-xml";
import { GUEST } from "../../provider/src/testing/machines/domains";
import { readDomain, useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";

const start = useHosts();
const NIC = "0000:01:00.0";
const MACHINE = "debian-grub-iommu-on";
const PORT =
  "<controller type='pci' index='1' model='pcie-root-port'><address type='pci' bus='0' slot='9'/></controller>";
const FRESH = GUEST.replace("<name>guest</name>", "<name>fresh</name>").replace(/<uuid>.*<\/uuid>\n/, "");

/** A domain's stored form, its power, and what of it matters in its running form. */
function readPower(host: SimulatedHost, name = "guest"): Record<string, string> {
  try {
    return { stored: readDomain(host, name), power: host.isDomainRunning(name) ? "on" : "off" };
  } catch {
    return { stored: "", power: "off" };
  }
}

function readBoth(host: SimulatedHost): Record<string, string> {
  const { hostdevs } = parseDomain(host.domainXml("guest", { live: true }));
  return { ...readPower(host), live: hostdevs.map(({ source }) => source).join(" ") };
}

type Common = Pick<Scenario, "kind" | "machine" | "inspect" | "inputs" | "read"> & {
  readonly name: string;
  readonly domain: string;
  readonly isRunning: boolean;
};

const COMMON = { kind: "DomainHostdev", machine: MACHINE, inspect: () => undefined } as const;
const WAIT = { agentTimeoutSeconds: 0, shutdownTimeoutSeconds: 30 };
const RUNNING: Common = {
  ...COMMON,
  name: "running: true",
  domain: GUEST,
  isRunning: false,
  inputs: { domain: "guest", devices: [NIC], running: true, ...WAIT },
  read: (host) => readPower(host),
};
const RESTART: Common = {
  ...COMMON,
  name: "restart",
  domain: GUEST,
  isRunning: true,
  inputs: { domain: "guest", devices: [NIC], restart: "ifRequired", ...WAIT },
  read: (host) => readPower(host),
};
const DEFINED: Common = {
  ...COMMON,
  name: "definition",
  domain: GUEST,
  isRunning: false,
  inputs: { domain: "fresh", devices: [NIC], definition: FRESH, running: true, ...WAIT },
  read: (host) => readPower(host, "fresh"),
};
const LIVE: Common = {
  ...COMMON,
  name: "apply: both",
  domain: GUEST.replace("<serial", `${PORT}<serial`),
  isRunning: true,
  inputs: { domain: "guest", devices: [NIC], apply: "both" },
  read: readBoth,
};

// A host that loses its power has its guests off, whoever had started them, so that way is for those that we start.
const SCENARIOS = [
  ...(["cut", "kill", "power"] as const).flatMap((way) => [RUNNING, DEFINED].map((common) => ({ ...common, way }))),
  ...[RESTART, LIVE].map((common) => ({ ...common, way: "kill" as const })),
].flatMap((common) => [
  { ...common, what: "create", interrupted: "create" as const, next: "up" as const },
  { ...common, what: "delete, then declare again", interrupted: "delete" as const, next: "up" as const },
  { ...common, what: "delete, then delete again", interrupted: "delete" as const, next: "delete" as const },
]);

it.each(SCENARIOS)("$name comes through a $way at every step: $what", async ({ domain, isRunning, ...scenario }) => {
  const host = await start({ machine: MACHINE, domains: [domain] });
  if (isRunning) host.startDomain("guest");

  expect(await cutEverywhere(host, scenario)).toBeGreaterThan(2);
});
