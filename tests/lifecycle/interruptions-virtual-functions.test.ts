import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { readBootFiles, useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";

const start = useHosts();
const PORT = "0000:04:00.0";

function readAttribute(host: SimulatedHost, name: string): string {
  return host.readFile(`/sys/bus/pci/devices/${PORT}/${name}`).trim();
}

/** The card, and the rule that decides over it at the next boot; what a commit would have cleared away does not. */
function read(host: SimulatedHost): Record<string, string> {
  const rules = Object.entries(readBootFiles(host)).filter(
    ([path]) => path.startsWith("/etc/udev/") && !path.includes(".passthrough-"),
  );
  return {
    ...Object.fromEntries(rules),
    count: readAttribute(host, "sriov_numvfs"),
    autoprobe: readAttribute(host, "sriov_drivers_autoprobe"),
  };
}

const COMMON = {
  machine: "debian-gpu-iommu-on",
  kind: "SriovVirtualFunctions",
  inputs: { device: { address: PORT }, count: 3, driversAutoprobe: false },
  read,
  // The number goes by way of none, so that none are there in the middle is right.
  inspect: () => undefined,
} as const;

const EARLIER = { device: { address: PORT }, count: 2 };

/** A host that loses its power loses what others had made on it, so there the number of before is none. */
const SCENARIOS = (["cut", "kill", "power"] as const).flatMap((way): (Scenario & { readonly before: number })[] => {
  const before = way === "power" ? 0 : 1;
  return [
    { ...COMMON, way, before, what: "create", interrupted: "create", next: "up" },
    { ...COMMON, way, before, what: "another number", earlier: EARLIER, interrupted: "update", next: "up" },
    { ...COMMON, way, before, what: "delete, then declare again", interrupted: "delete", next: "up" },
    { ...COMMON, way, before, what: "delete, then delete again", interrupted: "delete", next: "delete" },
  ];
});

it.each(SCENARIOS)("virtual functions come through a $way at every step: $what", async (scenario) => {
  const host = await start({ machine: scenario.machine });
  if (scenario.before > 0) host.writeAttribute(PORT, "sriov_numvfs", String(scenario.before));

  expect(await cutEverywhere(host, scenario)).toBeGreaterThan(3);
});
