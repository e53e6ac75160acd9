import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { PulumiWorkspace } from "../pulumi/workspace";
import { useHome } from "../user-home";
import { loadProgram } from "../user-program";

const EXAMPLES = resolve(__dirname, "../../examples");
const PROJECT = "passthrough-test";

const { home, startHost } = useHome();
const workspaces: PulumiWorkspace[] = [];

afterAll(async () => {
  await Promise.all(workspaces.map((workspace) => workspace.remove()));
});

/** The text of an example as it stands there, run anew at each call. */
async function readExample(name: string): Promise<PulumiFn> {
  return loadProgram(await readFile(join(EXAMPLES, name, "index.ts"), "utf8"));
}

async function openWorkspace(config: Readonly<Record<string, string>>): Promise<PulumiWorkspace> {
  const workspace = await PulumiWorkspace.create({ HOME: home() });
  workspaces.push(workspace);
  for (const [key, value] of Object.entries(config)) await workspace.setConfig(`${PROJECT}:${key}`, value);
  return workspace;
}

describe("examples", () => {
  it("one-gpu: gives a GPU to a guest and takes it back", async () => {
    const host = await startHost("gpu-host", "debian-gpu");
    const before = host.readFile("/etc/default/grub");
    const program = await readExample("one-gpu");
    const config = { host: "gpu-host", device: "0000:01:00.0", deviceId: "10de:2684", domain: "win11" };
    const workspace = await openWorkspace(config);

    expect((await workspace.up(program)).changes).toEqual({ create: 4 });
    expect(await workspace.readOutputs()).toMatchObject({ attached: ["0000:01:00.0", "0000:01:00.1"] });
    await workspace.destroy();

    expect(host.readFile("/etc/default/grub")).toBe(before);
    expect(host.driverOf("0000:01:00.0")).toBe("nouveau");
  });

  it("whole-guide: goes from a host without libvirt to a running guest, and back", async () => {
    const host = await startHost("bare-host", "debian-no-libvirt");
    const program = await readExample("whole-guide");
    const definition = `<domain type='kvm'><name>router</name><memory unit='GiB'>1</memory><os><type machine='q35'>hvm</type></os></domain>`;
    const config = { host: "bare-host", device: "0000:01:00.0", deviceId: "8086:10d3", domain: "router", definition };
    const workspace = await openWorkspace(config);

    expect((await workspace.up(program)).changes).toEqual({ create: 6 });
    expect(await workspace.readOutputs()).toMatchObject({ proof: { libvirt: "running with 0000:01:00.0" } });
    await workspace.destroy();

    expect(host.driverOf("0000:01:00.0")).toBe("e1000e");
  });

  it("fleet: sets up hosts of different kinds and reboots none", async () => {
    const machines = { rack1: "debian-grub", rack2: "fedora-bls", rack3: "debian-gpu-iommu-on" } as const;
    const started = await Promise.all(Object.entries(machines).map(([name, machine]) => startHost(name, machine)));
    const list = Object.keys(machines).map((name) => ({
      name,
      host: name,
      cards: name === "rack3" ? [{ device: "0000:01:00.0", domain: "win11" }] : [],
    }));
    const workspace = await openWorkspace({ hosts: JSON.stringify(list) });
    const bootIds = started.map((host) => host.bootId());

    expect((await workspace.up(await readExample("fleet"))).changes).toEqual({ create: 6 });

    expect(started.map((host) => host.bootId())).toEqual(bootIds);
    expect((await workspace.readOutputs())["rebootRequired"]).toMatchObject({ rack1: true, rack2: true });
    expect(started[2]?.driverOf("0000:01:00.0")).toBe("vfio-pci");
  });

  it("rolling-reboot: switches the IOMMU on, one host after the other", async () => {
    const names = ["rack7", "rack8"];
    const started = await Promise.all(names.map((name) => startHost(name, "debian-grub")));
    const list = names.map((name) => ({ name, host: name }));
    const workspace = await openWorkspace({ hosts: JSON.stringify(list), batchSize: "1" });
    // The second host is not touched before the first one is back.
    const commandLines: string[] = [];
    started[1]?.faults.afterStep("lock", () => void commandLines.push(started[0]?.commandLine() ?? ""));

    const run = await workspace.up(await readExample("rolling-reboot"));

    expect(run.changes).toEqual({ create: 1 + 1 + 2 + 2 * 2 });
    expect(started.map((host) => host.commandLine().includes("iommu=pt"))).toEqual([true, true]);
    expect(commandLines).toEqual([expect.stringContaining("iommu=pt")]);
    expect((await workspace.readOutputs())["kernelCommandLines"]).toEqual({
      rack7: expect.stringContaining("iommu=pt"),
      rack8: expect.stringContaining("iommu=pt"),
    });
  });

  it("virtual-functions: makes one for each guest, and takes them back", async () => {
    const host = await startHost("nic-host", "debian-gpu");
    const domains = ["guest", "win11"];
    const config = { host: "nic-host", card: "0000:04:00.0", cardId: "8086:1563", domains: JSON.stringify(domains) };
    const workspace = await openWorkspace(config);
    const program = await readExample("virtual-functions");

    const seen = await workspace.preview(program, { diff: true });
    const { changes } = await workspace.up(program);

    expect(seen.text).toContain('"0000:04:10.0"');
    expect(changes).toEqual({ create: 7 });
    expect(await workspace.readOutputs()).toMatchObject({ attached: [["0000:04:10.0"], ["0000:04:10.2"]] });
    expect(["0000:04:10.0", "0000:04:10.2"].map((address) => host.driverOf(address))).toEqual(["vfio-pci", "vfio-pci"]);
    await host.reboot();
    expect((await workspace.up(program)).changes).toEqual({ same: 7 });
    await workspace.destroy();
    expect(host.readFile("/sys/bus/pci/devices/0000:04:00.0/sriov_numvfs")).toBe("0\n");
  });

  it("preview-only: shows plans and writes nothing", async () => {
    const host = await startHost("looked-at", "debian-gpu-iommu-on");
    const workspace = await openWorkspace({ host: "looked-at", device: "0000:01:00.0" });
    host.mark();

    const run = await workspace.preview(await readExample("preview-only"), { diff: true });

    expect(run.text).toContain("move 0000:01:00.1");
    expect(host.writtenFiles()).toEqual([]);
    expect(host.writes).toEqual([]);
  });

  it.each(["one-gpu", "whole-guide", "fleet", "preview-only", "rolling-reboot", "virtual-functions"])(
    "%s: registers under Pulumi's mocks and reads no host",
    async (name) => {
      const registered: string[] = [];
      await pulumi.runtime.setMocks(
        {
          newResource: ({ type, inputs, name: resource }) => {
            registered.push(type);
            return { id: resource, state: inputs as Record<string, unknown> };
          },
          call: ({ inputs }) => inputs as Record<string, unknown>,
        },
        PROJECT,
      );
      const hosts = JSON.stringify([
        { name: "a", host: "nowhere.invalid", cards: [{ device: "01:00.0", domain: "d" }] },
      ]);
      const card = { card: "04:00.0", cardId: "8086:1563", domains: JSON.stringify(["d"]) };
      const config = { host: "nowhere.invalid", device: "01:00.0", deviceId: "10de:2684", domain: "d", hosts, ...card };
      pulumi.runtime.setAllConfig(
        Object.fromEntries(Object.entries(config).map(([key, value]) => [`${PROJECT}:${key}`, value])),
      );

      await (
        await readExample(name)
      )();
      // What has a parent is registered after it.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));

      expect(new Set(registered)).toContain("pulumi-nodejs:dynamic/passthrough:HostIommuConfig");
      expect(registered.filter((type) => !/^(pulumi-nodejs:dynamic\/)?passthrough:/.test(type))).toEqual([]);
    },
  );
});
