import { describe, expect, it } from "@jest/globals";
import type { Machine, SimulatedHost } from "pulumi-passthrough/testing";
import { machines } from "pulumi-passthrough/testing";
import { inRun, Resource, type Values } from "./driver";
import { expectNoWrites, useHosts } from "./hosts";
import { BARE_HOSTS } from "./virtualization-hosts";

const start = useHosts();
const HOSTS = Object.entries<Machine>(BARE_HOSTS).map(([what, machine]) => ({ what, machine }));

function up(host: SimulatedHost, resource: Resource, inputs: Values = {}): Promise<string> {
  return inRun((run) => resource.up(run, { host: host.connection, ...inputs }));
}

function preview(host: SimulatedHost, resource: Resource, inputs: Values = {}) {
  return inRun((run) => resource.preview(run, { host: host.connection, ...inputs }));
}

describe.each(HOSTS)("a host with $what and without libvirt", ({ machine }) => {
  it("gets its packages and daemons, changes nothing twice, and gives all back when asked", async () => {
    const host = await start({ machine, files: { "/dev/kvm": "" } });
    const before = host.packages.installed;
    const resource = new Resource("VirtualizationHost");
    const inputs = { removeOnDelete: true };

    const shown = await expectNoWrites(host, () => preview(host, resource, inputs));
    await up(host, resource, inputs);
    const brought = host.packages.installed.filter((name) => !before.includes(name));

    const planned = (shown.inputs["plan"] as { packages: { name: string }[] }).packages.map(({ name }) => name);
    expect(planned.sort()).toEqual(brought);
    expect(resource.output("installedPackages")).toEqual(brought);
    expect(resource.output("connectUri")).toBe("qemu:///system");
    expect(resource.output("libvirtVersion")).toMatch(/^\d+\.\d+\.\d+$/);
    expect(resource.output("services")).not.toEqual([]);
    expect(await expectNoWrites(host, () => up(host, resource, inputs))).toBe("same");
    await host.reboot();
    expect(await expectNoWrites(host, () => up(host, resource, inputs))).toBe("same");

    await inRun((run) => resource.destroy(run));
    expect(host.packages.installed).toEqual(before);
    expect(host.exists("/var/lib/passthrough/records/virtualization-packages")).toBe(false);
  });

  it("refuses what is not found, and what is taken by another", async () => {
    const host = await start({ machine });
    const resource = new Resource("VirtualizationHost");

    await expect(preview(host, resource, { packages: ["nosuch"] })).rejects.toThrow(
      /does not find nosuch; correct packages/,
    );
    host.activity.holdLock({ name: "packagekitd", pid: 4711, lock: "/var/lib/dpkg/lock-frontend" });
    await expect(preview(host, resource)).rejects.toThrow(/a package manager is at work: packagekitd \(process 4711/);
  });
});

it.each(HOSTS.filter(({ what }) => what !== "apt"))(
  "$what: all is taken back when the daemons do not start",
  async ({ machine }) => {
    const host = await start({ machine });
    const before = host.packages.installed;
    host.faults.failTool("systemctl", { words: ["start"], stderr: "Job failed.\n" });

    await expect(up(host, new Resource("VirtualizationHost"))).rejects.toThrow(
      /systemctl start \S+: Job failed.; everything before it was taken back/,
    );

    expect(host.packages.installed).toEqual(before);
  },
);

describe("on Debian", () => {
  const machine = machines["debian-no-libvirt"];

  it.each(["kill", "power"] as const)("a %s in the middle of dpkg is mended by the next run", async (action) => {
    const host = await start({ machine });
    const before = host.packages.installed;
    const resource = new Resource("VirtualizationHost");
    host.packages.interruption = { package: "libvirt-daemon", action };

    await expect(up(host, resource, { removeOnDelete: true })).rejects.toThrow();
    await host.settle();
    expect([...host.packages.states.values()]).toContain("U");
    expect(await up(host, resource, { removeOnDelete: true })).toBe("create");

    expect([...host.packages.states.values()].every((state) => state === "i")).toBe(true);
    await inRun((run) => resource.destroy(run));
    expect(host.packages.installed).toEqual(before);
  });

  it.each([
    ["downloads fail", (host: SimulatedHost) => (host.packages.isOffline = true), /apt-get failed: .*Failed to fetch/],
    ["a script of a package fails", (host: SimulatedHost) => host.packages.broken.add("ovmf"), /ovmf/],
  ])("all is taken back when %s", async (_what, prepare, message) => {
    const host = await start({ machine });
    const before = [...host.packages.states.keys()].sort();
    prepare(host);

    await expect(up(host, new Resource("VirtualizationHost"))).rejects.toThrow(message);

    expect([...host.packages.states.keys()].sort()).toEqual(before);
    expect(host.exists("/var/lib/passthrough/records/virtualization-packages")).toBe(false);
  });

  it("a package for which another would have to go is refused", async () => {
    const host = await start({ machine });

    await expect(preview(host, new Resource("VirtualizationHost"), { packages: ["nmap"] })).rejects.toThrow(
      /apt-get would have to remove bash, which may be needed/,
    );
  });

  it("what somebody else left half done is not ours to finish", async () => {
    const host = await start({ machine });
    host.packages.unpack("virt-manager");

    await expect(preview(host, new Resource("VirtualizationHost"))).rejects.toThrow(
      /an earlier run of dpkg was interrupted, and these are not installed as a whole: virt-manager \(iU\)/,
    );
  });

  it("what something else needs now stays when the rest goes", async () => {
    const host = await start({ machine });
    const resource = new Resource("VirtualizationHost");
    await up(host, resource, { removeOnDelete: true });
    host.packages.put("virt-manager");

    await inRun((run) => resource.destroy(run));

    expect(host.packages.installed).toEqual(["bash", "libvirt0", "virt-manager"]);
  });

  it("packages stay unless asked, and only the note goes", async () => {
    const host = await start({ machine });
    const resource = new Resource("VirtualizationHost");
    await up(host, resource);
    const installed = host.packages.installed;

    await inRun((run) => resource.destroy(run));

    expect(host.packages.installed).toEqual(installed);
    expect(host.exists("/var/lib/passthrough/records/virtualization-packages")).toBe(false);
  });

  it("nothing goes while guests run", async () => {
    const host = await start({ machine: "debian-grub" });
    const resource = new Resource("VirtualizationHost");
    await up(host, resource, { packages: ["virt-manager"], removeOnDelete: true });
    host.startDomain("guest");

    await expect(inRun((run) => resource.destroy(run))).rejects.toThrow(/guests run: guest; shut them down/);
  });

  it("a change of the dry run between preview and update stops it", async () => {
    const host = await start({ machine });
    host.faults.afterStep("lock", () => {
      host.packages.put("seabios");
    });

    await expect(up(host, new Resource("VirtualizationHost"))).rejects.toThrow(
      /what apt-get would install has changed since the host was read; nothing was written/,
    );
  });
});

describe("a host with libvirt", () => {
  it("is left alone, and its kind of daemon is kept", async () => {
    const host = await start({ machine: "debian-grub" });
    const resource = new Resource("VirtualizationHost");

    await expect(preview(host, resource, { daemons: "modular" })).rejects.toThrow(/the host uses libvirtd/);
    await up(host, resource);

    expect(host.writes).toEqual([]);
    expect(resource.output("installedPackages")).toEqual([]);
    expect(await expectNoWrites(host, () => up(host, resource))).toBe("same");
  });

  it("gets its stopped daemon started", async () => {
    const host = await start({ machine: "debian-grub" });
    host.setLibvirtRunning(false);
    const resource = new Resource("VirtualizationHost");

    const shown = await preview(host, resource);
    await up(host, resource);

    expect(shown.inputs["plan"]).toMatchObject({ packages: [], steps: ["start libvirtd"] });
    expect(shown.inputs["connectUri"]).not.toBe("qemu:///system");
    expect(resource.output("connectUri")).toBe("qemu:///system");
  });
});

it("a host made of images is refused, with the way to go", async () => {
  const host = await start({ machine: "silverblue" });

  await expect(preview(host, new Resource("VirtualizationHost"))).rejects.toThrow(/is made of images/);
});

it("pacman's lock that nobody holds is taken away", async () => {
  const host = await start({ machine: BARE_HOSTS.pacman, files: { "/var/lib/pacman/db.lck": "" } });

  await up(host, new Resource("VirtualizationHost"));

  expect(host.exists("/var/lib/pacman/db.lck")).toBe(false);
  expect(host.packages.installed).toContain("libvirt");
});
