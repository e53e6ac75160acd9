import { describe, expect, it } from "@jest/globals";
import type { MachineName, SimulatedHost } from "pulumi-passthrough/testing";
import { CheckFailure, inRun, Resource, type Operation, type Values } from "./driver";
import { expectNoWrites, labelOf, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const BRIDGE = "0000:02:00.0";
const FIRST = "0000:03:01.0";
const SECOND = "0000:03:02.0";

function up(host: SimulatedHost, group: Resource, inputs: Values): Promise<Operation> {
  return inRun((run) => group.up(run, { host: host.connection, ...inputs }));
}

function drivers(host: SimulatedHost, ...addresses: string[]): (string | undefined)[] {
  return addresses.map((address) => host.driverOf(address));
}

async function refusals(host: SimulatedHost, inputs: Values): Promise<readonly string[]> {
  const group = new Resource("PciGroupDetachment");
  const preview = inRun((run) => group.preview(run, { host: host.connection, ...inputs }));
  const error = await preview.catch((reason: unknown) => reason);
  if (error instanceof CheckFailure) return error.problems;
  throw new Error(`not refused: ${String(error)}`);
}

describe("a group", () => {
  it("moves as a whole when one member is named, and its bridge stays where it is", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const group = new Resource("PciGroupDetachment");

    await up(host, group, { device: { address: SECOND, id: "8086:100e" } });

    expect(drivers(host, FIRST, SECOND, BRIDGE)).toEqual(["vfio-pci", "vfio-pci", undefined]);
    expect(group.output("bridges")).toEqual([BRIDGE]);
    expect(group.output("viable")).toBe(true);
    expect(group.output("members")).toEqual(
      [FIRST, SECOND].map((address) => ({
        address,
        id: "8086:100e",
        class: "Ethernet controller",
        previousDriver: "e1000",
      })),
    );
    expect(host.writes.filter((call) => call.includes("02_00_0"))).toEqual([]);
    await inRun((run) => group.destroy(run));
    expect(drivers(host, FIRST, SECOND, BRIDGE)).toEqual(["e1000", "e1000", undefined]);
  });

  it("goes back as a whole when its second member does not move", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const group = new Resource("PciGroupDetachment");
    const stderr = "error: Failed to detach device pci_0000_03_02_0\nerror: device is busy\n";
    host.faults.failTool("virsh", { words: ["nodedev-detach", "03_02_0"], stderr });

    await expect(up(host, group, { device: { address: FIRST } })).rejects.toThrow(
      `step "detach ${SECOND}" failed: ${stderr.trim()}; everything before it was taken back`,
    );

    expect(drivers(host, FIRST, SECOND)).toEqual(["e1000", "e1000"]);
    expect(group.state).toBeUndefined();
    host.faults.clear();
    expect(await up(host, group, { device: { address: FIRST } })).toBe("create");
    expect(drivers(host, FIRST, SECOND)).toEqual(["vfio-pci", "vfio-pci"]);
  });

  it("gives a member without a driver back to none", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const group = new Resource("PciGroupDetachment");
    host.setDriver(SECOND, undefined);

    await up(host, group, { device: { address: FIRST } });
    expect(drivers(host, FIRST, SECOND)).toEqual(["vfio-pci", "vfio-pci"]);
    await inRun((run) => group.destroy(run));

    expect(drivers(host, FIRST, SECOND)).toEqual(["e1000", undefined]);
  });

  it.each([
    ["debian-no-libvirt", "vfio-pci"],
    ["debian-grub-iommu-on", "pci-stub"],
  ] as const satisfies [MachineName, string][])("moves through sysfs on %s to %s", async (machine, driver) => {
    const host = await start({ machine });
    const group = new Resource("PciGroupDetachment");

    await up(host, group, { device: { address: FIRST }, driver });
    expect(drivers(host, FIRST, SECOND)).toEqual([driver, driver]);
    expect(host.writes.filter((call) => call.includes("nodedev"))).toEqual([]);
    expect(await expectNoWrites(host, () => up(host, group, { device: { address: FIRST }, driver }))).toBe("same");
    await inRun((run) => group.destroy(run));

    expect(drivers(host, FIRST, SECOND)).toEqual(["e1000", "e1000"]);
  });
});

const OTHER_GROUP =
  'Choose a device whose group holds nothing of the kind, for instance in another slot. To move it all the same, set allow: ["essential-class"].';

describe("what the host needs", () => {
  it.each([
    [
      "0000:00:02.0",
      [
        "[ssh-session] 0000:00:02.0 (Ethernet controller, 1af4:1000, driver virtio-pci) carries interface enp0s2 of this SSH session. Moving it would lose this SSH session, and with it the way to take the change back. This rule cannot be waived. Reach the host over another network interface, or choose another device.",
      ],
    ],
    [
      "0000:00:03.0",
      [
        "[root-storage] 0000:00:03.0 (SCSI controller, 1af4:1001, driver virtio-pci) holds / (ext4 on /dev/vda2). Moving it would lose / (ext4 on /dev/vda2). This rule cannot be waived. Choose another device, or move these file systems to another controller.",
      ],
    ],
    [
      "0000:00:1f.2",
      [
        `[essential-class] 0000:00:1f.0 (ISA bridge, 8086:2918, driver lpc_ich) is a part of the host itself (ISA bridge, class 0601). Moving it would lose the low-speed devices behind it, such as firmware flash, clock, serial ports and power control. ${OTHER_GROUP}`,
        `[essential-class] 0000:00:1f.3 (SMBus controller, 8086:2930, driver i801_smbus) is a part of the host itself (SMBus controller, class 0c05). Moving it would lose sensors, memory information and fan control behind the system management bus. ${OTHER_GROUP}`,
      ],
    ],
    [
      "0000:00:01.0",
      [
        '[boot-display] 0000:00:01.0 (VGA controller, 1234:1111, driver bochs-drm) is the display that the host booted on. Moving it would lose the screen and console of the host. Make another card the primary display in the firmware setup. To move it all the same, set allow: ["boot-display"].',
      ],
    ],
    [
      BRIDGE,
      [
        "[bridge] 0000:02:00.0 (PCI bridge, 1b36:000e, no driver) is a bridge (to libvirt a non-endpoint), which cannot be assigned to a guest and stays with the host. Moving it would lose everything below it: 0000:03:01.0 (Ethernet controller, 8086:100e, driver e1000) and 0000:03:02.0 (Ethernet controller, 8086:100e, driver e1000). This rule cannot be waived. Name an endpoint below the bridge. (PT-E12, pulumi-passthrough/docs/errors.md#pt-e12)",
      ],
    ],
  ])("%s is refused in the preview, with the rule and the loss", async (address, reasons) => {
    const host = await start({ machine: "debian-grub-iommu-on" });

    const problems = await expectNoWrites(host, () => refusals(host, { device: { address } }));

    expect(problems).toEqual(reasons.map((reason) => `device: ${labelOf(host)}: ${reason}`));
  });

  it("moves when its rule is waived by name", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const group = new Resource("PciGroupDetachment");

    await up(host, group, { device: { address: "0000:00:01.0" }, allow: ["boot-display"] });

    expect(drivers(host, "0000:00:01.0", NIC)).toEqual(["vfio-pci", "e1000e"]);
  });

  it("cannot be waived where the session would be cut", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });

    const problems = await refusals(host, { device: { address: "0000:00:02.0" }, allow: ["ssh-session"] });

    expect(problems).toEqual([
      'allow[0]: the safety rule "ssh-session" cannot be waived; the rules that can be waived are boot-display, console-input, default-route, essential-class, mounted-storage, network-in-use, rmrr',
    ]);
  });

  it("is what a running guest holds, too", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const guest = new Resource("DomainHostdev");
    await inRun((run) => guest.up(run, { host: host.connection, domain: "guest", devices: [NIC] }));
    host.startDomain("guest");
    host.setDriver(NIC, "e1000e");

    const problems = await refusals(host, { device: { address: NIC } });

    expect(problems).toEqual([
      `device: ${labelOf(host)}: [running-domain] 0000:01:00.0 (Ethernet controller, 8086:10d3, driver e1000e) is in use by the running or paused domain guest. Moving it would lose a device that domain guest is using. This rule cannot be waived. Shut the domain down, or take the device out of it. (PT-E14, pulumi-passthrough/docs/errors.md#pt-e14)`,
    ]);
  });
});
