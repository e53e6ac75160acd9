import { describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import {
  DomainHostdev,
  HostIommuConfig,
  PciGroupDetachment,
  PciPassthrough,
  rollout,
  type PciPassthroughArgs,
} from "pulumi-passthrough";
import { machines, type SimulatedHost } from "pulumi-passthrough/testing";
import { useStage } from "./stage";

const { startHost, openWorkspace } = useStage();

const NIC = "0000:01:00.0";
const GUEST = `<domain type='kvm'>
  <name>fresh</name>
  <memory unit='GiB'>1</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
</domain>
`;
const REBOOT = { mode: "passthrough", reboot: { policy: "ifRequired" } } as const;

/** A program with one component for a NIC and a domain that does not exist yet. */
function component(host: SimulatedHost, args: Partial<PciPassthroughArgs> = {}): PulumiFn {
  return () => {
    const passthrough = new PciPassthrough("nic", {
      host: host.connection,
      device: { address: NIC },
      domain: "fresh",
      definition: GUEST,
      iommu: REBOOT,
      // The stand-in of a guest needs no time to start, and has no agent.
      hostdev: { agentTimeoutSeconds: 0 },
      ...args,
    });
    return Promise.resolve({
      members: passthrough.members,
      domainUuid: passthrough.domainUuid,
      proof: passthrough.proof,
    });
  };
}

/** A host before its first guest: without libvirt, and with the IOMMU off. */
function startBare(): Promise<SimulatedHost> {
  const { libvirt, description, ...rest } = machines["debian-grub"];
  const machine = { ...rest, description: `${description}, without libvirt ${libvirt ?? ""}`, domains: [] };
  return startHost({ machine, files: { "/dev/kvm": "" } });
}

describe("PciPassthrough", () => {
  it("goes from a host without libvirt to a running guest in one up, and back", async () => {
    const host = await startBare();
    const [bootId, installed, settings] = [host.bootId(), host.packages.installed, host.readFile("/etc/default/grub")];
    const workspace = await openWorkspace();

    const preview = await workspace.preview(component(host), { diff: true });
    expect(preview.changes).toEqual({ create: 6 });
    expect(preview.text).toMatch(/members +: \[unknown\]/);
    expect(preview.text).toMatch(/waitsFor: \[\n +\[0\]: "connectUri"\n +\[1\]: "devices"/);
    expect(host.packages.installed).toEqual(installed);

    expect((await workspace.up(component(host))).changes).toEqual({ create: 6 });
    expect(host.bootId()).not.toBe(bootId);
    expect(host.isDomainRunning("fresh")).toBe(true);
    expect(host.driverOf(NIC)).toBe("vfio-pci");
    expect(await workspace.readOutputs()).toMatchObject({
      members: [{ address: NIC }],
      proof: { libvirt: `running with ${NIC}`, host: `${NIC} on vfio-pci` },
    });

    expect((await workspace.up(component(host))).changes).toEqual({ same: 6 });

    await workspace.destroy();
    expect(() => host.domainXml("fresh")).toThrow();
    expect(host.driverOf(NIC)).toBe("e1000e");
    expect(host.readFile("/etc/default/grub")).toBe(settings);
    expect(host.packages.installed).toEqual(expect.arrayContaining(["libvirt-daemon-system"]));
  });

  it("takes the packages back where that is asked for", async () => {
    const host = await startBare();
    const before = host.packages.installed;
    const workspace = await openWorkspace();
    const program = component(host, { virtualization: { removeOnDelete: true } });

    await workspace.up(program);
    expect(host.packages.installed).not.toEqual(before);
    await workspace.destroy();

    expect(host.packages.installed).toEqual(before);
  });

  it("reboots nothing by itself, says what to do, and goes on after a reboot by hand", async () => {
    const host = await startBare();
    const bootId = host.bootId();
    const workspace = await openWorkspace();
    const program = component(host, { iommu: {} });

    const stopped = await workspace.up(program, { expectFailure: true });
    expect(stopped.text).toMatch(/the IOMMU is not active, so 0000:01:00\.0 has no IOMMU group/);
    expect(stopped.text).toContain('reboot.policy "ifRequired"');
    expect(stopped.text).toContain("or reboot the host by hand once its command line is in place");
    expect(host.bootId()).toBe(bootId);
    expect(host.packages.installed).toEqual(expect.arrayContaining(["libvirt-daemon-system"]));

    await host.reboot();
    await workspace.up(program);
    expect(host.isDomainRunning("fresh")).toBe(true);
  });

  it("shares the host's IOMMU and packages with a second component, which must not declare them too", async () => {
    const host = await startHost({ machine: "debian-grub-iommu-on" });
    const workspace = await openWorkspace();
    const pair = { address: "0000:03:01.0" };
    function two(shares: boolean): PulumiFn {
      return async () => {
        const common = { host: host.connection, running: "asIs" } as const;
        const first = new PciPassthrough("first", { ...common, device: { address: NIC }, domain: "guest" });
        const { iommu, virtualization } = first;
        if (iommu === undefined || virtualization === undefined) throw new Error("the first declares both");
        const shared = shares ? { iommu, virtualization } : {};
        new PciPassthrough("second", {
          ...common,
          device: pair,
          domain: "other",
          ...shared,
          definition: GUEST.replace("fresh", "other"),
        });
        return Promise.resolve();
      };
    }

    const refused = await workspace.preview(two(false), { expectFailure: true });
    expect(refused.text).toMatch(/the resource "(first|second)-\w+" of this program manages the same; keep one/);

    expect((await workspace.up(two(true))).changes).toEqual({ create: 1 + 2 + 4 + 2 });
    expect(["0000:03:01.0", "0000:03:02.0"].map((address) => host.driverOf(address))).toEqual(["vfio-pci", "vfio-pci"]);
  });

  it("gives a domain several devices", async () => {
    const host = await startHost({ machine: "debian-grub-iommu-on" });
    const workspace = await openWorkspace();

    await workspace.up(component(host, { device: [{ address: NIC }, { address: "0000:03:02.0" }], iommu: false }));

    expect(await workspace.readOutputs()).toMatchObject({
      members: [{ address: NIC }, { address: "0000:03:01.0" }, { address: "0000:03:02.0" }],
    });
    expect(host.domainXml("fresh", { live: true }).match(/<hostdev /g)).toHaveLength(3);
  });

  it("takes over what a program declared one by one, without touching the host", async () => {
    const host = await startHost({ machine: "debian-grub-iommu-on" });
    const workspace = await openWorkspace();
    const { connection } = host;
    await workspace.up(() => {
      const iommu = new HostIommuConfig("iommu", { host: connection });
      const group = new PciGroupDetachment("gpu", { host: connection, device: { address: NIC } }, { dependsOn: iommu });
      new DomainHostdev("guest", { host: connection, domain: "guest", devices: group.members });
      return Promise.resolve();
    });
    const names = new Map([
      ["nic-iommu", "iommu"],
      ["nic-group", "gpu"],
      ["nic-hostdev", "guest"],
    ]);
    host.mark();

    const run = await workspace.up(() => {
      new PciPassthrough(
        "nic",
        { host: connection, device: { address: NIC }, domain: "guest", running: "asIs", virtualization: false },
        {
          transformations: [
            ({ name, props, opts }) => {
              const old = names.get(name);
              const alias = { name: old ?? name, parent: pulumi.rootStackResource };
              return old === undefined ? undefined : { props, opts: pulumi.mergeOptions(opts, { aliases: [alias] }) };
            },
          ],
        },
      );
      return Promise.resolve();
    });

    expect(run.changes).toEqual({ create: 1, same: 4 });
    expect(host.writtenFiles()).toEqual([]);
  });

  it("belongs to its host's wave in a rollout, and waits for the one before", async () => {
    const hosts = await Promise.all(["kvm1", "kvm2"].map(async (name) => ({ name, host: await startBare() })));
    const [first, second] = hosts;
    const workspace = await openWorkspace();
    const seen: boolean[] = [];
    second?.host.faults.afterStep("lock", () => void seen.push(first?.host.isDomainRunning("fresh") ?? false));

    await workspace.up(() => {
      rollout(hosts, { batchSize: 1 }, ({ name, host }) => {
        new PciPassthrough(name, {
          host: host.connection,
          device: { address: NIC },
          domain: "fresh",
          definition: GUEST,
          iommu: REBOOT,
          hostdev: { agentTimeoutSeconds: 0 },
        });
      });
      return Promise.resolve();
    });

    expect(seen.length).toBeGreaterThan(0);
    expect(seen).not.toContain(false);
    const urns = (await workspace.readState()).map(({ urn }) => urn);
    expect(urns.filter((urn) => urn.includes("Host$passthrough:index:PciPassthrough"))).toHaveLength(2 * 5);
  });
});
