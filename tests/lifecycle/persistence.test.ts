import { describe, expect, it } from "@jest/globals";
import { machines } from "../../provider/src/testing/machines/catalog";
import { setTimeout } from "node:timers/promises";
import { SimulatedHost, type SimulatedHostOptions } from "pulumi-passthrough/testing";
import type { Machine } from "../../provider/src/testing/machine";
import { ShellPool } from "../../provider/src/transport/pool";
import { inRun, Resource, type Operation, type Stored, type Values } from "./driver";
import { expectNoWrites, labelOf, listDifferences, readBootFiles, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const FIRST = "0000:03:01.0";
const SECOND = "0000:03:02.0";
const IMAGE = "/boot/initrd.img-6.1.0-44-amd64";

function up(host: SimulatedHost, group: Resource, inputs: Values): Promise<Operation> {
  return inRun((run) => group.up(run, { host: host.connection, ...inputs }));
}

async function planOf(host: SimulatedHost, group: Resource, inputs: Values): Promise<readonly string[]> {
  const preview = await inRun((run) => group.preview(run, { host: host.connection, ...inputs }));
  return (preview.inputs["plan"] as { steps: string[] }).steps;
}

function drivers(host: SimulatedHost, ...addresses: string[]): (string | undefined)[] {
  return addresses.map((address) => host.driverOf(address));
}

interface Case {
  readonly name: string;
  readonly machine: NonNullable<SimulatedHostOptions["machine"]>;
  readonly shell: NonNullable<SimulatedHostOptions["shell"]>;
  readonly device: string;
  readonly members: readonly string[];
  readonly files: readonly string[];
  /** What is found in the image, and whether it is built anew. */
  readonly found: string;
}

const LAB = { device: SECOND, members: [FIRST, SECOND] };
const LAB_FILES = [
  "/etc/initramfs-tools/hooks/passthrough-0000-03-02.0",
  "/etc/udev/rules.d/10-passthrough-0000-03-02.0.rules",
];
const GPU = { device: "0000:01:00.1", members: ["0000:01:00.0", "0000:01:00.1"] };
const GPU_RULE = "/etc/udev/rules.d/10-passthrough-0000-01-00.1.rules";
const GPU_DRACUT = "/etc/dracut.conf.d/90-passthrough-0000-01-00.1.conf";
const DRACUT_IMAGE = "/boot/initramfs-6.8.11-300.fc40.x86_64.img";
const HOLDS = "holds the rule";
const LATE = "holds no driver of the group, so it needs no rule";

const CASES: readonly Case[] = [
  {
    name: "Debian",
    machine: "debian-grub-iommu-on",
    shell: "dash",
    ...LAB,
    files: [IMAGE, ...LAB_FILES],
    found: HOLDS,
  },
  {
    name: "Debian",
    machine: "debian-grub-iommu-on",
    shell: "busybox",
    ...LAB,
    files: [IMAGE, ...LAB_FILES],
    found: HOLDS,
  },
  {
    name: "Debian without libvirt",
    machine: "debian-no-libvirt",
    shell: "dash",
    ...LAB,
    files: [IMAGE, ...LAB_FILES],
    found: HOLDS,
  },
  {
    name: "a Debian desktop, whose drivers come late",
    machine: "debian-gpu-iommu-on",
    shell: "dash",
    ...GPU,
    files: ["/etc/initramfs-tools/hooks/passthrough-0000-01-00.1", GPU_RULE],
    found: LATE,
  },
  {
    name: "Fedora, whose drivers come late",
    machine: withIommu(machines["fedora-bls"]),
    shell: "dash",
    ...GPU,
    files: [GPU_DRACUT, GPU_RULE],
    found: LATE,
  },
  {
    name: "Fedora, whose drivers come early",
    machine: withEarlyDrivers(withIommu(machines["fedora-bls"])),
    shell: "dash",
    ...GPU,
    files: [DRACUT_IMAGE, GPU_DRACUT, GPU_RULE],
    found: HOLDS,
  },
];

function withIommu(machine: Machine): Machine {
  return { ...machine, grubDefaults: machine.grubDefaults.replace(" rhgb", " intel_iommu=on rhgb") };
}

function withEarlyDrivers(machine: Machine): Machine {
  return { ...machine, functions: machine.functions.map((one) => ({ ...one, lateDriver: false })) };
}

describe.each(CASES)("$name with $shell", ({ machine, shell, device, members, files, found }) => {
  it("binds the group again after a reboot, writes nothing the second time, and takes everything back", async () => {
    const host = await start({ machine, shell });
    const group = new Resource("PciGroupDetachment");
    const before = readBootFiles(host);
    const natural = drivers(host, ...members);

    expect(await up(host, group, { device: { address: device } })).toBe("create");

    expect(listDifferences(before, readBootFiles(host))).toEqual(files);
    const { images, drift } = group.output("persistence") as { images: Record<string, string>; drift: string[] };
    expect([Object.values(images), drift]).toEqual([[found], []]);
    await host.reboot();
    expect(host.failure).toBeUndefined();
    expect(drivers(host, ...members)).toEqual(members.map(() => "vfio-pci"));
    expect(await expectNoWrites(host, () => up(host, group, { device: { address: device } }))).toBe("same");

    await inRun((run) => group.destroy(run));
    expect(drivers(host, ...members)).toEqual(natural);
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
    await host.reboot();
    expect(drivers(host, ...members)).toEqual(natural);
  });
});

const RULE = "/etc/udev/rules.d/10-passthrough-0000-01-00.0.rules";
const HOOK = "/etc/initramfs-tools/hooks/passthrough-0000-01-00.0";
const DEBIAN = { machine: "debian-grub-iommu-on" } as const;
const DEVICE = { device: { address: NIC } };
/** The lab's NIC with another card in its slot, at the same address. */
const OTHER_CARD: Machine = {
  ...machines["debian-grub-iommu-on"],
  functions: machines["debian-grub-iommu-on"].functions.map((one) =>
    one.address === NIC ? { ...one, id: "8086:1521", driver: "igb" } : one,
  ),
};

describe("without persist", () => {
  it("nothing is written for the boot, and turning it off takes back what was", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const group = new Resource("PciGroupDetachment");
    const before = readBootFiles(host);
    await up(host, group, { device: { address: NIC }, persist: false });
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);

    expect(await up(host, group, { device: { address: NIC } })).toBe("update");
    expect(listDifferences(before, readBootFiles(host))).toContain(IMAGE);
    expect(await up(host, group, { device: { address: NIC }, persist: false })).toBe("update");

    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
    expect(host.driverOf(NIC)).toBe("vfio-pci");
    await host.reboot();
    expect(host.driverOf(NIC)).toBe("e1000e");
  });
});

describe("the preview", () => {
  it("says which files are written and which images are looked into", async () => {
    const host = await start(DEBIAN);
    const group = new Resource("PciGroupDetachment");

    const steps = await expectNoWrites(host, () => planOf(host, group, DEVICE));

    expect(steps).toEqual([
      `move ${NIC} (Ethernet controller, 8086:10d3, driver e1000e) from e1000e to vfio-pci`,
      `write ${RULE}: ${NIC} (8086:10d3) to vfio-pci at every boot`,
      `write ${HOOK}: initial ramdisks that are built from now on hold the rule`,
      `look into ${IMAGE}; if it holds a driver of these functions, build it anew with the rule, check it, and put it in place`,
    ]);
  });

  it("refuses to write over a file that is not ours", async () => {
    const host = await start({ ...DEBIAN, files: { [RULE]: "# mine\n" } });

    const preview = planOf(host, new Resource("PciGroupDetachment"), DEVICE);

    await expect(preview).rejects.toThrow(
      `persist: ${labelOf(host)}: ${RULE} is there and was not written by this provider`,
    );
  });

  it("warns of a driver that no rule can beat", async () => {
    const host = await start({ machine: { ...machines["debian-grub-iommu-on"], builtInDrivers: ["e1000e"] } });
    const group = new Resource("PciGroupDetachment");
    await up(host, group, DEVICE);
    await host.reboot();

    expect(host.driverOf(NIC)).toBe("e1000e");
    expect(await up(host, group, DEVICE)).toBe("update");
    expect(host.driverOf(NIC)).toBe("vfio-pci");
  });
});

describe("an image that changes behind our back", () => {
  it("is looked into again after a rebuild, and needs none from us", async () => {
    const host = await start(DEBIAN);
    const group = new Resource("PciGroupDetachment");
    await up(host, group, DEVICE);
    await setTimeout(1100);
    await runOn(host, "update-initramfs -u");

    expect(await planOf(host, group, DEVICE)).toEqual([expect.stringMatching(`^look into ${IMAGE}; `)]);
    const built = countBuilds(host);
    expect(await up(host, group, DEVICE)).toBe("update");

    expect(countBuilds(host)).toBe(built);
    expect(await expectNoWrites(host, () => up(host, group, DEVICE))).toBe("same");
  });

  it("is found again when the operator puts a driver into it", async () => {
    const host = await start({ ...DEBIAN, machine: "debian-gpu-iommu-on" });
    const group = new Resource("PciGroupDetachment");
    await up(host, group, { device: { address: GPU.device } });
    host.removeFile("/etc/initramfs-tools/hooks/passthrough-0000-01-00.1");
    host.writeFile("/etc/initramfs-tools/modules", "nouveau\n");
    await setTimeout(1100);
    await runOn(host, "update-initramfs -u");

    expect(await up(host, group, { device: { address: GPU.device } })).toBe("update");

    await host.reboot();
    expect(drivers(host, ...GPU.members)).toEqual(["vfio-pci", "vfio-pci"]);
  });

  it("is the image of a new kernel, which carries the rule from the start", async () => {
    const host = await start({ machine: { ...machines["debian-grub-iommu-on"], kernels: ["6.1.0-43-amd64"] } });
    const group = new Resource("PciGroupDetachment");
    await up(host, group, DEVICE);
    await setTimeout(1100);
    await installKernel(host);
    await host.reboot();

    expect(host.readFile("/proc/sys/kernel/osrelease")).toBe("6.1.0-44-amd64\n");
    expect(host.driverOf(NIC)).toBe("vfio-pci");
    const built = countBuilds(host);
    await up(host, group, DEVICE);
    expect(countBuilds(host)).toBe(built);
  });
});

describe("several groups on one host", () => {
  it("do not disturb each other's images and notes", async () => {
    const host = await start(DEBIAN);
    const [one, other] = [new Resource("PciGroupDetachment", "one"), new Resource("PciGroupDetachment", "other")];
    const before = readBootFiles(host);
    function both(): Promise<Operation[]> {
      return inRun(async (run) => [
        await one.up(run, { host: host.connection, ...DEVICE }),
        await other.up(run, { host: host.connection, device: { address: FIRST } }),
      ]);
    }

    expect(await both()).toEqual(["create", "create"]);
    expect(await expectNoWrites(host, both)).toEqual(["same", "same"]);
    await host.reboot();
    expect(drivers(host, NIC, FIRST, SECOND)).toEqual(["vfio-pci", "vfio-pci", "vfio-pci"]);
    await inRun((run) => one.destroy(run));
    expect(await expectNoWrites(host, () => up(host, other, { device: { address: FIRST } }))).toBe("same");
    await host.reboot();

    expect(drivers(host, NIC, FIRST, SECOND)).toEqual(["e1000e", "vfio-pci", "vfio-pci"]);
    await inRun((run) => other.destroy(run));
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
  });
});

describe("another card at the address", () => {
  it("is not bound at boot, and a refresh says so", async () => {
    const host = await start(DEBIAN);
    const group = new Resource("PciGroupDetachment");
    await up(host, group, { device: { address: NIC, id: "8086:10d3" } });
    const rule = host.readFile(RULE);
    const image = host.readFile(IMAGE);
    await using other = await SimulatedHost.start({ machine: OTHER_CARD, rebootMs: 20 });
    for (const [path, text] of [
      [RULE, rule],
      [IMAGE, image],
      ["/etc/machine-id", host.readFile("/etc/machine-id")],
    ] as const)
      other.writeFile(path, text);
    other.writeFile("/etc/initramfs-tools/modules", "igb\ne1000e\n");
    await other.reboot();

    expect(other.driverOf(NIC)).toBe("igb");
    const moved = new Resource("PciGroupDetachment");
    moved.state = { ...stateOf(group), outputs: { ...stateOf(group).outputs, host: other.connection } };
    expect(await inRun((run) => moved.refresh(run))).toBe(true);
    expect(moved.output("viable")).toBe(false);
    expect(moved.output("persistence")).toMatchObject({
      drift: [
        `${NIC} is now 8086:1521, not 8086:10d3 (8086:10d3 is nowhere on this host), so nothing is bound there at boot`,
      ],
    });
    await expect(planOf(other, moved, { device: { address: NIC, id: "8086:10d3" } })).rejects.toThrow(
      `${NIC} (Ethernet controller, 8086:1521, driver igb) is not 8086:10d3`,
    );
    await inRun((run) => moved.destroy(run));
    expect([other.exists(RULE), other.driverOf(NIC)]).toEqual([false, "igb"]);
  });
});

describe("a build that goes wrong", () => {
  it.each([
    ["a tool that fails", "mkinitramfs", "/mkinitramfs failed: mkinitramfs: simulated failure"],
    ["an image that cannot be listed", "lsinitramfs", "/lsinitramfs cannot read /"],
  ])("%s takes everything back", async (_what, tool, reason) => {
    const host = await start(DEBIAN);
    const before = readBootFiles(host);
    host.faults.failTool(tool);

    await expect(up(host, new Resource("PciGroupDetachment"), DEVICE)).rejects.toThrow(reason);

    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
    expect(host.driverOf(NIC)).toBe("e1000e");
  });

  it("that loses a module of the old image is not put in place", async () => {
    const host = await start(DEBIAN);
    const before = readBootFiles(host);
    host.writeFile("/etc/initramfs-tools/only", "virtio-pci e1000e\n");

    await expect(up(host, new Resource("PciGroupDetachment"), DEVICE)).rejects.toThrow(
      /is not what was planned: it lacks .*\be1000\b.* of the old one; build it by hand/,
    );

    expect(listDifferences(before, readBootFiles(host))).toEqual(["/etc/initramfs-tools/only"]);
    expect(host.driverOf(NIC)).toBe("e1000e");
  });

  it("takes back the image of another kernel that was built before", async () => {
    const host = await start({ machine: { ...machines["debian-grub-iommu-on"], kernels: ["6.1.0-43-amd64"] } });
    await installKernel(host);
    const before = readBootFiles(host);
    host.faults.failTool("mkinitramfs", { words: ["6.1.0-43-amd64"] });

    await expect(up(host, new Resource("PciGroupDetachment"), DEVICE)).rejects.toThrow(
      'step "build boot/initrd.img-6.1.0-43-amd64" failed',
    );

    expect(countBuilds(host)).toBe(2);
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
    expect(host.driverOf(NIC)).toBe("e1000e");
  });
});

describe("a host without a known tool", () => {
  it("gets the rule alone", async () => {
    const host = await start({ ...DEBIAN, missingTools: ["mkinitramfs", "lsinitramfs"] });
    const before = readBootFiles(host);

    await up(host, new Resource("PciGroupDetachment"), DEVICE);

    expect(listDifferences(before, readBootFiles(host))).toEqual([RULE]);
  });
});

describe("a host that loads vfio-pci before udev is told of its devices", () => {
  it("binds them all the same", async () => {
    const host = await start({ ...DEBIAN, files: { "/etc/modules-load.d/vfio.conf": "vfio-pci\n" } });
    await up(host, new Resource("PciGroupDetachment"), DEVICE);

    await host.reboot();

    expect(host.driverOf(NIC)).toBe("vfio-pci");
  });
});

describe("whenInactive", () => {
  const PREPARE = { whenInactive: "prepare", device: { address: FIRST } };

  it("fails by default, and in the preview says what is not known yet", async () => {
    const host = await start();
    const group = new Resource("PciGroupDetachment");

    await inRun((run) => group.preview(run, { host: host.connection, ...DEVICE }));
    await expect(up(host, group, DEVICE)).rejects.toThrow("the IOMMU is not active");
  });

  it("prepares the device and its neighbours, so that one up and one reboot are enough", async () => {
    const host = await start();
    const group = new Resource("PciGroupDetachment");
    const before = readBootFiles(host);

    expect(await up(host, group, PREPARE)).toBe("create");
    expect(drivers(host, FIRST, SECOND)).toEqual(["e1000", "e1000"]);
    expect(group.output("group")).toBe(-1);
    expect(await expectNoWrites(host, () => up(host, group, PREPARE))).toBe("same");
    host.writeFile(
      "/etc/default/grub",
      host.readFile("/etc/default/grub").replace("intel_iommu=off", "intel_iommu=on"),
    );
    await runOn(host, "update-grub");
    await host.reboot();

    expect(drivers(host, FIRST, SECOND)).toEqual(["vfio-pci", "vfio-pci"]);
    await up(host, group, PREPARE);
    expect([group.output("group"), group.output("viable")]).toEqual([8, true]);
    expect(await expectNoWrites(host, () => up(host, group, PREPARE))).toBe("same");
    await inRun((run) => group.destroy(run));
    expect(drivers(host, FIRST, SECOND)).toEqual(["e1000", "e1000"]);
    const grub = ["/boot/grub/grub.cfg", "/etc/default/grub"];
    expect(listDifferences(before, readBootFiles(host))).toEqual(grub);
  });

  it("gives back what turns out not to be in the group", async () => {
    const lab = machines["debian-grub"];
    const functions = lab.functions.map((one) => (one.address === SECOND ? { ...one, group: 9 } : one));
    const host = await start({ machine: { ...lab, functions } });
    const group = new Resource("PciGroupDetachment");
    await up(host, group, PREPARE);
    host.writeFile(
      "/etc/default/grub",
      host.readFile("/etc/default/grub").replace("intel_iommu=off", "intel_iommu=on"),
    );
    await runOn(host, "update-grub");
    await host.reboot();
    expect(drivers(host, FIRST, SECOND)).toEqual(["vfio-pci", "vfio-pci"]);

    expect(await up(host, group, PREPARE)).toBe("update");

    expect(drivers(host, FIRST, SECOND)).toEqual(["vfio-pci", "e1000"]);
    await host.reboot();
    expect(drivers(host, FIRST, SECOND)).toEqual(["vfio-pci", "e1000"]);
  });

  it("gives devices back that a boot without IOMMU left without a driver", async () => {
    const host = await start();
    const group = new Resource("PciGroupDetachment");
    await up(host, group, PREPARE);
    await host.reboot();
    expect(drivers(host, FIRST, SECOND)).toEqual([undefined, undefined]);

    await inRun((run) => group.destroy(run));

    expect(drivers(host, FIRST, SECOND)).toEqual(["e1000", "e1000"]);
  });

  it.each([
    ["the device", "0000:00:02.0", "[ssh-session] 0000:00:02.0"],
    ["its neighbours", "0000:00:1f.2", "[essential-class] 0000:00:1f.0"],
  ])("refuses what the host needs: %s", async (_what, address, reason) => {
    const host = await start();
    const preview = planOf(host, new Resource("PciGroupDetachment"), { ...PREPARE, device: { address } });

    await expect(preview).rejects.toThrow(reason);
  });
});

describe("a state from before there was persistence", () => {
  it("gets the files by an update", async () => {
    const host = await start(DEBIAN);
    const group = new Resource("PciGroupDetachment");
    await up(host, group, { ...DEVICE, persist: false });
    const old = stateOf(group);
    const inputs = without(old.inputs, "persist", "whenInactive");
    const outputs = without(old.outputs, "persist", "whenInactive", "persistence");
    group.state = { ...old, inputs, outputs };

    expect(await up(host, group, DEVICE)).toBe("update");
    expect(host.exists(RULE)).toBe(true);
  });
});

function without(values: Values, ...names: string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

function stateOf(resource: Resource): Stored {
  if (resource.state === undefined) throw new Error("there is no state");
  return resource.state;
}

/** What the package of a newer kernel does. */
async function installKernel(host: SimulatedHost): Promise<void> {
  const [old, release] = ["6.1.0-43-amd64", "6.1.0-44-amd64"];
  for (const name of ["vmlinuz", "config"])
    host.writeFile(`/boot/${name}-${release}`, host.readFile(`/boot/${name}-${old}`));
  host.writeFile(`/lib/modules/${release}/modules.dep`, "");
  await runOn(host, `mkinitramfs -o /boot/initrd.img-${release} ${release} && grub-mkconfig -o /boot/grub/grub.cfg`);
}

function countBuilds(host: SimulatedHost): number {
  return host.steps.filter((step) => step.startsWith("build ")).length;
}

/** Runs a command on the host, as its operator would. */
async function runOn(host: SimulatedHost, command: string): Promise<void> {
  const pool = new ShellPool();
  try {
    const shell = await pool.acquire(host.connection);
    const { exitCode, stderr } = await shell.run({
      script: `cd "$PASSTHROUGH_ROOT/" && ${command}\n`,
      timeoutMs: 30_000,
    });
    if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
    shell.release();
  } finally {
    await pool.closeAll();
  }
}
