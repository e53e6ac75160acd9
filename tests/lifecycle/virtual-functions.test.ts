import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { UNKNOWN } from "../../provider/src/engine/wire";
import { machines } from "../../provider/src/testing/machines/catalog";
import type { Machine, MachineFunction } from "../../provider/src/testing/machine";
import { inRun, Resource, type Operation, type Values } from "./driver";
import { expectNoWrites, labelOf, listDifferences, readBootFiles, useHosts } from "./hosts";

const start = useHosts();
const PORT = "0000:04:00.0";
const OTHER_PORT = "0000:04:00.1";
const VIRTUAL = ["0000:04:10.0", "0000:04:10.2", "0000:04:10.4", "0000:04:10.6"];
const FIRST = "0000:04:10.0";
const MACHINE = { machine: "debian-gpu-iommu-on" } as const;
const DEVICE = { device: { address: PORT, id: "8086:1563" } };
const RULE = "/etc/udev/rules.d/10-passthrough-sriov-0000-04-00.0.rules";

async function up(host: SimulatedHost, resource: Resource, inputs: Values): Promise<Operation> {
  return inRun((run) => resource.up(run, { host: host.connection, ...inputs }));
}

async function preview(host: SimulatedHost, resource: Resource, inputs: Values): Promise<Values> {
  return (await inRun((run) => resource.preview(run, { host: host.connection, ...inputs }))).inputs;
}

function readCount(host: SimulatedHost, address = PORT): number {
  return Number(host.readFile(`/sys/bus/pci/devices/${address}/sriov_numvfs`));
}

function writeSysfs(host: SimulatedHost, attribute: string, value: string, address = PORT): void {
  host.writeAttribute(address, attribute, value);
}

/** The desktop with a change to its first port. */
function machineWith(change: Partial<MachineFunction>, more: Partial<Machine> = {}): Machine {
  const base = machines["debian-gpu-iommu-on"];
  const functions = base.functions.map((one) => (one.address === PORT ? { ...one, ...change } : one));
  return { ...base, ...more, functions };
}

describe("virtual functions", () => {
  it("are made, read back with group and driver, and gone again after a delete", async () => {
    const host = await start(MACHINE);
    const before = readBootFiles(host);
    const vfs = new Resource("SriovVirtualFunctions");

    expect(await up(host, vfs, { ...DEVICE, count: 4 })).toBe("create");

    expect(vfs.output("virtualFunctions")).toEqual(
      VIRTUAL.map((address, index) => ({ address, id: "8086:1565", driver: "ixgbevf", group: 12 + index })),
    );
    expect([vfs.output("physicalFunction"), vfs.output("previousCount")]).toEqual([PORT, 0]);
    expect(vfs.output("persistence")).toEqual({ files: [RULE], drift: [] });
    expect(await expectNoWrites(host, () => up(host, vfs, { ...DEVICE, count: 4 }))).toBe("same");
    await inRun((run) => vfs.destroy(run));
    expect(readCount(host)).toBe(0);
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
    expect(host.exists(`/var/lib/passthrough/records/sriov-${PORT}`)).toBe(false);
  });

  it("show in the preview where they will be, and touch nothing there", async () => {
    const host = await start(MACHINE);

    const inputs = await expectNoWrites(host, () =>
      preview(host, new Resource("SriovVirtualFunctions"), {
        device: { id: "8086:1563", address: OTHER_PORT },
        count: 2,
      }),
    );

    expect(inputs["plan"]).toMatchObject({
      expected: ["0000:04:10.1", "0000:04:10.3"],
      steps: [
        `make 2 virtual functions of ${OTHER_PORT} (Ethernet controller, 8086:1563, driver ixgbe)`,
        "write /etc/udev/rules.d/10-passthrough-sriov-0000-04-00.1.rules: 2 virtual functions at every boot",
      ],
    });
    // Left out it would look as if there were none; as an unknown value it says that they are to come.
    expect(inputs["virtualFunctions"]).toBe(UNKNOWN);
  });

  it("change their number by way of none, and go back to the number of before", async () => {
    const host = await start(MACHINE);
    writeSysfs(host, "sriov_numvfs", "2");
    const vfs = new Resource("SriovVirtualFunctions");
    await up(host, vfs, { ...DEVICE, count: 4 });
    const calls = host.counters.writes;

    expect(await up(host, vfs, { ...DEVICE, count: 3 })).toBe("update");

    const file = `sys/bus/pci/devices/${PORT}/sriov_numvfs`;
    expect(host.writes.slice(calls)).toEqual([`sysfs ${file} 0`, `sysfs ${file} 3`]);
    expect([readCount(host), vfs.output("previousCount")]).toEqual([3, 2]);
    await inRun((run) => vfs.destroy(run));
    expect(readCount(host)).toBe(2);
  });

  it("that are there already are taken over without a write to the card, and stay after a delete", async () => {
    const host = await start(MACHINE);
    writeSysfs(host, "sriov_numvfs", "4");
    const vfs = new Resource("SriovVirtualFunctions");
    const calls = host.counters.writes;

    const { virtualFunctions } = await preview(host, vfs, { ...DEVICE, count: 4 });
    await up(host, vfs, { ...DEVICE, count: 4 });
    await inRun((run) => vfs.destroy(run));

    expect(virtualFunctions).toHaveLength(4);
    expect(host.writes.slice(calls)).toEqual([]);
    expect([readCount(host), host.exists(RULE)]).toEqual([4, false]);
  });

  it("may be none: what is there goes, and comes back with the delete", async () => {
    const host = await start(MACHINE);
    writeSysfs(host, "sriov_numvfs", "2");
    const vfs = new Resource("SriovVirtualFunctions");

    await up(host, vfs, { ...DEVICE, count: 0 });

    expect([readCount(host), host.exists(RULE), vfs.output("virtualFunctions")]).toEqual([0, false, []]);
    await inRun((run) => vfs.destroy(run));
    expect(readCount(host)).toBe(2);
  });

  it("wait for a guest with driversAutoprobe off, which a delete puts back", async () => {
    const host = await start(MACHINE);
    const vfs = new Resource("SriovVirtualFunctions");
    const inputs = { ...DEVICE, count: 2, driversAutoprobe: false };

    await up(host, vfs, inputs);

    expect(vfs.output("virtualFunctions")).toMatchObject([{ driver: "" }, { driver: "" }]);
    expect(await expectNoWrites(host, () => up(host, vfs, inputs))).toBe("same");
    await inRun((run) => vfs.destroy(run));
    expect(host.readFile(`/sys/bus/pci/devices/${PORT}/sriov_drivers_autoprobe`)).toBe("1\n");
  });
});

describe("over a reboot of the host", () => {
  it.each([
    ["with their drivers", { count: 2 }, "ixgbevf"],
    ["without drivers", { count: 2, driversAutoprobe: false }, undefined],
  ])("they are made again %s", async (_what, inputs, driver) => {
    const host = await start(MACHINE);
    const vfs = new Resource("SriovVirtualFunctions");
    await up(host, vfs, { ...DEVICE, ...inputs });

    await host.reboot();

    expect([readCount(host), host.driverOf(FIRST)]).toEqual([2, driver]);
    expect(await expectNoWrites(host, () => up(host, vfs, { ...DEVICE, ...inputs }))).toBe("same");
  });

  it("they are made when a driver from the root file system comes late", async () => {
    const host = await start({ machine: machineWith({ lateDriver: true }) });
    await up(host, new Resource("SriovVirtualFunctions"), { ...DEVICE, count: 2 });

    await host.reboot();

    expect(readCount(host)).toBe(2);
  });

  it("they are gone without persist, and the next update makes them again", async () => {
    const host = await start(MACHINE);
    writeSysfs(host, "sriov_numvfs", "1");
    const vfs = new Resource("SriovVirtualFunctions");
    const inputs = { ...DEVICE, count: 2, persist: false };
    await up(host, vfs, inputs);
    await host.reboot();
    expect([readCount(host), host.exists(RULE)]).toEqual([0, false]);

    expect(await up(host, vfs, inputs)).toBe("update");

    expect([readCount(host), vfs.output("previousCount")]).toEqual([2, 1]);
  });

  it("another card at the address gets none", async () => {
    const host = await start(MACHINE);
    await up(host, new Resource("SriovVirtualFunctions"), { ...DEVICE, count: 2 });
    const other = await start({ machine: machineWith({ id: "8086:1572" }) });
    other.writeFile(RULE, host.readFile(RULE));

    await other.reboot();

    expect(readCount(other)).toBe(0);
  });
});

describe("a virtual function in use", () => {
  const CHANGED = { ...DEVICE, count: 3 };

  async function withTwo(): Promise<{ host: SimulatedHost; vfs: Resource }> {
    const host = await start(MACHINE);
    const vfs = new Resource("SriovVirtualFunctions");
    await up(host, vfs, { ...DEVICE, count: 2 });
    return { host, vfs };
  }

  it.each<[string, (host: SimulatedHost) => void, string]>([
    [
      "on vfio-pci",
      (host) => {
        host.setDriver(FIRST, "vfio-pci");
      },
      "is on vfio-pci, so a guest may have it",
    ],
    ["in a running guest", giveToGuest, "is in use by the running or paused domain guest"],
    [
      "with an address",
      (host) => {
        addAddress(host, "enp4s0f0v0");
      },
      "is in use by the host's network: enp4s0f0v0 has 192.0.2.9",
    ],
    [
      "in a bridge",
      (host) => {
        joinBridge(host, "enp4s0f0v0");
      },
      "enp4s0f0v0 is a port of br0",
    ],
    [
      "in a container",
      (host) => {
        host.removeFile("/sys/class/net/enp4s0f0v0");
      },
      "has no network interface that the host sees",
    ],
    [
      "below a macvtap",
      (host) => {
        putMacvtap(host, "enp4s0f0v0");
      },
      "carries enp4s0f0v0 and macvtap0, which lie on each other",
    ],
  ])("%s refuses another number in the preview, and a delete", async (_what, use, reason) => {
    const { host, vfs } = await withTwo();
    use(host);

    await expect(preview(host, vfs, CHANGED)).rejects.toThrow(reason);
    await expect(inRun((run) => vfs.destroy(run))).rejects.toThrow(reason);
    expect(await expectNoWrites(host, () => up(host, vfs, { ...DEVICE, count: 2 }))).toBe("same");

    expect([readCount(host), host.exists(RULE)]).toEqual([2, true]);
  });

  it("since the preview makes the plan stale, and nothing is written", async () => {
    const { host, vfs } = await withTwo();
    let commands = 0;
    host.beforeCommand(() => {
      // The first command reads, the second one writes.
      if (++commands === 2) host.setDriver(FIRST, "vfio-pci");
    });

    await expect(up(host, vfs, CHANGED)).rejects.toThrow("the driver of 0000:04:10.0 is now vfio-pci, not ixgbevf");
    expect(readCount(host)).toBe(2);
  });
});

describe("what cannot be done", () => {
  it.each<[string, Machine | undefined, Values, string]>([
    [
      "more than the card offers",
      undefined,
      { ...DEVICE, count: 64 },
      "count: HOST: 0000:04:00.0 (Ethernet controller, 8086:1563, driver ixgbe) offers at most 63 virtual functions (sriov_totalvfs), not 64",
    ],
    [
      "a card without SR-IOV",
      undefined,
      { device: { address: "0000:03:00.0" }, count: 1 },
      "device: HOST: 0000:03:00.0 (Ethernet controller, 8086:15f3, driver igc) offers no virtual functions (SR-IOV).",
    ],
    [
      "a card whose firmware offers none",
      machineWith({ totalVfs: 0 }),
      { ...DEVICE, count: 1 },
      "offers no virtual functions (SR-IOV).",
    ],
    [
      "another card than the one named",
      undefined,
      { device: { address: PORT, id: "8086:1572" }, count: 1 },
      "is not 8086:1572",
    ],
  ])("%s is refused in the preview", async (_what, machine, inputs, reason) => {
    const host = await start(machine === undefined ? MACHINE : { machine });

    const work = preview(host, new Resource("SriovVirtualFunctions"), inputs).then(() => "nothing", String);

    expect((await work).replace(labelOf(host), "HOST")).toContain(reason);
  });

  it.each([
    ["without a driver", undefined, "has no driver, and only its own driver makes virtual functions"],
    ["on vfio-pci", "vfio-pci", "is kept for a guest, and only its own driver makes virtual functions"],
  ])("a card %s is refused", async (_what, driver, reason) => {
    const host = await start(MACHINE);
    host.setDriver(PORT, driver);

    await expect(preview(host, new Resource("SriovVirtualFunctions"), { ...DEVICE, count: 1 })).rejects.toThrow(reason);
  });

  it("a virtual function is no physical one", async () => {
    const host = await start(MACHINE);
    writeSysfs(host, "sriov_numvfs", "1");

    await expect(
      preview(host, new Resource("SriovVirtualFunctions"), { device: { address: FIRST }, count: 1 }),
    ).rejects.toThrow(`is itself a virtual function; name its physical function ${PORT}`);
  });

  it("a rule of someone else at our path is left alone", async () => {
    const host = await start({ ...MACHINE, files: { [RULE]: "# mine\n" } });

    await expect(preview(host, new Resource("SriovVirtualFunctions"), { ...DEVICE, count: 1 })).rejects.toThrow(
      `persist: `,
    );
    expect(host.readFile(RULE)).toBe("# mine\n");
  });
});

describe("a change that fails", () => {
  const TWO = { ...DEVICE, count: 2 };

  it.each<[string, Partial<MachineFunction>, number, string]>([
    [
      "for want of memory",
      { virtualFunctions: limited({ mostWithMemory: 1 }) },
      0,
      "the kernel refused to write 2 to sriov_numvfs of 0000:04:00.0: Cannot allocate memory",
    ],
    [
      "for want of memory, with some there",
      { virtualFunctions: limited({ mostWithMemory: 1 }) },
      1,
      "Cannot allocate memory",
    ],
    [
      "silently",
      { virtualFunctions: limited({ needsInterfaceUp: true }) },
      0,
      "driver ixgbe accepted 2 virtual functions of 0000:04:00.0, but it has 0 of them",
    ],
  ])("%s leaves what was there", async (_what, change, count, reason) => {
    const host = await start({ machine: machineWith(change) });
    if (count > 0) writeSysfs(host, "sriov_numvfs", String(count));
    const before = readBootFiles(host);

    await expect(up(host, new Resource("SriovVirtualFunctions"), TWO)).rejects.toThrow(reason);

    expect([readCount(host), listDifferences(before, readBootFiles(host))]).toEqual([count, []]);
    expect(host.exists(`/var/lib/passthrough/records/sriov-${PORT}`)).toBe(false);
  });

  it("when the rule cannot be written takes the virtual functions back", async () => {
    const host = await start(MACHINE);
    host.makeReadOnly("/etc");

    await expect(up(host, new Resource("SriovVirtualFunctions"), { ...TWO, driversAutoprobe: false })).rejects.toThrow(
      "could not write /etc/udev/rules.d",
    );

    expect(readCount(host)).toBe(0);
    expect(host.readFile(`/sys/bus/pci/devices/${PORT}/sriov_drivers_autoprobe`)).toBe("1\n");
  });

  it("because the write does not return says so in time", async () => {
    const host = await start(MACHINE);
    host.faults.hangTool("tee", { words: ["sriov_numvfs"], times: 1 });

    await expect(up(host, new Resource("SriovVirtualFunctions"), { ...TWO, timeoutSeconds: 5 })).rejects.toThrow(
      "the write of 2 to sriov_numvfs of 0000:04:00.0 did not return within 5 s",
    );
  });
});

describe("drift", () => {
  it("of the number is seen by a refresh and mended by the next update", async () => {
    const host = await start(MACHINE);
    const vfs = new Resource("SriovVirtualFunctions");
    await up(host, vfs, { ...DEVICE, count: 2 });
    writeSysfs(host, "sriov_numvfs", "0");

    expect(await inRun((run) => vfs.refresh(run))).toBe(true);
    expect(vfs.output("virtualFunctions")).toEqual([]);
    expect(await up(host, vfs, { ...DEVICE, count: 2 })).toBe("update");
    expect(readCount(host)).toBe(2);
  });

  it("to a number of someone else is left alone by a delete", async () => {
    const host = await start(MACHINE);
    const vfs = new Resource("SriovVirtualFunctions");
    await up(host, vfs, { ...DEVICE, count: 2 });
    writeSysfs(host, "sriov_numvfs", "0");
    writeSysfs(host, "sriov_numvfs", "5");

    await inRun((run) => vfs.destroy(run));

    expect([readCount(host), host.exists(RULE)]).toEqual([5, false]);
  });

  it("to another card is gone on proof once nothing of ours is left", async () => {
    const host = await start(MACHINE);
    const vfs = new Resource("SriovVirtualFunctions");
    await up(host, vfs, { ...DEVICE, count: 2 });
    const other = await start({ machine: machineWith({ id: "8086:1572" }) });
    for (const path of ["/etc/machine-id", RULE]) other.writeFile(path, host.readFile(path));
    const { state } = vfs;
    if (state !== undefined) vfs.state = { ...state, outputs: { ...state.outputs, host: other.connection } };

    expect(await inRun((run) => vfs.refresh(run))).toBe(true);
    expect(vfs.output("persistence")).toMatchObject({
      drift: [`${PORT} is now 8086:1572, not 8086:1563, so no virtual functions are made there at boot`],
    });
    other.removeFile(RULE);
    expect(await inRun((run) => vfs.refresh(run))).toBe(false);
  });
});

describe("a guest's device", () => {
  it("is a virtual function that was made before in the same program", async () => {
    const host = await start(MACHINE);
    const vfs = new Resource("SriovVirtualFunctions");
    const group = new Resource("PciGroupDetachment");
    await up(host, vfs, { ...DEVICE, count: 2, driversAutoprobe: false });
    await up(host, group, { device: { address: FIRST, id: "8086:1565" } });
    expect(host.driverOf(FIRST)).toBe("vfio-pci");

    await host.reboot();

    expect([readCount(host), host.driverOf(FIRST), host.driverOf(VIRTUAL[1] ?? "")]).toEqual([
      2,
      "vfio-pci",
      undefined,
    ]);
    await inRun((run) => group.destroy(run));
    await inRun((run) => vfs.destroy(run));
    expect(readCount(host)).toBe(0);
  });
});

function limited(
  limits: Partial<NonNullable<MachineFunction["virtualFunctions"]>>,
): NonNullable<MachineFunction["virtualFunctions"]> {
  return { id: "8086:1565", driver: "ixgbevf", offset: 128, stride: 2, ...limits };
}

function giveToGuest(host: SimulatedHost): void {
  const hostdev =
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x04' slot='0x10' function='0x0'/></source></hostdev>";
  host.defineDomain(host.domainXml("guest").replace("</devices>", `${hostdev}</devices>`));
  host.startDomain("guest");
}

/** What `ip addr add` does. */
function addAddress(host: SimulatedHost, name: string): void {
  const file = join(host.root, "..", "ip-addresses");
  writeFileSync(file, `${readFileSync(file, "utf8")}9: ${name}    inet 192.0.2.9/24 scope global ${name}\\n`);
}

/** What `ip link set NAME master br0` does. */
function joinBridge(host: SimulatedHost, name: string): void {
  symlinkSync("../../../../../../../virtual/net/br0", join(host.root, "sys/class/net", name, "master"));
}

/** What libvirt does for `<interface type='direct'>`. */
function putMacvtap(host: SimulatedHost, name: string): void {
  host.writeFile("/sys/devices/virtual/net/macvtap0/operstate", "up\n");
  symlinkSync("../../devices/virtual/net/macvtap0", join(host.root, "sys/class/net/macvtap0"));
  symlinkSync(`../../../../class/net/${name}`, join(host.root, "sys/devices/virtual/net/macvtap0", `lower_${name}`));
}
