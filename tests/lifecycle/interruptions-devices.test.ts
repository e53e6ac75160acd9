import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { parseDomain } from "../../provider/src/model/libvirt/domain-xml";
import { readDomain, useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";

const start = useHosts();
const MEMBERS = ["0000:03:01.0", "0000:03:02.0"];

function readDrivers(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(MEMBERS.map((member) => [member, host.driverOf(member) ?? ""]));
}

function readGuest(host: SimulatedHost): Record<string, string> {
  return { guest: readDomain(host, "guest") };
}

/** libvirt gives a device back another port of the guest when it finds the old one taken away. */
function readHostdevs(host: SimulatedHost): Record<string, string> {
  const { hostdevs } = parseDomain(readDomain(host, "guest"));
  return Object.fromEntries(
    hostdevs.map(({ source, managed, xml }) => [source, `${managed} ${/ua-[^']*/.exec(xml)?.[0] ?? ""}`]),
  );
}

const MACHINE = { machine: "debian-grub-iommu-on", inspect: () => undefined } as const;
const GROUP = {
  ...MACHINE,
  kind: "PciGroupDetachment",
  inputs: { device: { address: MEMBERS[0] } },
  read: readDrivers,
} as const;
const GUEST = {
  ...MACHINE,
  kind: "DomainHostdev",
  inputs: { domain: "guest", devices: MEMBERS },
  read: readGuest,
  readGoal: readHostdevs,
} as const;

const SCENARIOS = [GROUP, GUEST].flatMap((common) =>
  (["cut", "kill", "power"] as const).flatMap((way): Scenario[] => [
    { ...common, way, what: "create", interrupted: "create", next: "up" },
    { ...common, way, what: "delete, then declare again", interrupted: "delete", next: "up" },
    { ...common, way, what: "delete, then delete again", interrupted: "delete", next: "delete" },
  ]),
);

it.each(SCENARIOS)("$kind comes through a $way at every step: $what", async (scenario) => {
  const host = await start({ machine: scenario.machine });

  expect(await cutEverywhere(host, scenario)).toBeGreaterThan(3);
});
