import { expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { machines } from "../../provider/src/testing/machines/catalog";
import { readBootFiles, useHosts } from "./hosts";
import { cutEverywhere, type Scenario } from "./interruptions";

const start = useHosts();
const NIC = "0000:01:00.0";
const IMAGE = "/boot/initrd.img-6.1.0-44-amd64";

/** Drivers, and all that decides over them at the next boot; what a commit would have cleared away does not. */
function readBinding(host: SimulatedHost): Record<string, string> {
  return { ...readGoal(host), ...Object.fromEntries(Object.entries(readBootFiles(host)).filter(isBinding)) };
}

function readGoal(host: SimulatedHost): Record<string, string> {
  return { driver: host.driverOf(NIC) ?? "" };
}

function isBinding([path]: [string, string]): boolean {
  return !path.includes(".passthrough-") && /^\/boot\/init|^\/etc\/(udev|initramfs-tools)\//.test(path);
}

/** Whatever the moment, the image is a whole one: the old or the new. */
function inspect(host: SimulatedHost): void {
  const text = host.readFile(IMAGE);
  expect(text.startsWith("initial ramdisk of 6.1.0-44-amd64\n")).toBe(true);
  expect(text.split("\n").filter((line) => line.includes("virtio-pci.ko"))).toHaveLength(1);
}

const COMMON = {
  machine: "debian-grub-iommu-on",
  kind: "PciGroupDetachment",
  inputs: { device: { address: NIC } },
  read: readBinding,
  inspect,
} as const;

const CREATE = { ...COMMON, what: "create", interrupted: "create", next: "up" } as const;
const DELETE = { ...COMMON, what: "delete, then delete again", interrupted: "delete", next: "delete" } as const;
const EARLIER = { ...COMMON.inputs, persist: false };

/** The devices alone are cut short elsewhere; what differs for files and images is the power. */
const SCENARIOS: readonly Scenario[] = [
  { ...CREATE, way: "cut" },
  { ...CREATE, way: "kill" },
  { ...CREATE, way: "power" },
  { ...COMMON, way: "power", what: "persistence alone", earlier: EARLIER, interrupted: "update", next: "up" },
  { ...COMMON, way: "power", what: "delete, then declare again", interrupted: "delete", next: "up" },
  { ...DELETE, way: "kill" },
  { ...DELETE, way: "power" },
];

it.each(SCENARIOS)("the binding at boot comes through a $way at every step: $what", async (scenario) => {
  const host = await start({ machine: machines[scenario.machine] });

  expect(await cutEverywhere(host, scenario)).toBeGreaterThan(3);
});
