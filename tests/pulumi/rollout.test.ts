import { beforeAll, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { HostIommuConfig, rollout, type HostOptions } from "pulumi-passthrough";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { watchReboots, type RebootCount } from "./reboot-watch";
import { useStage } from "./stage";
import type { EngineRun, PulumiWorkspace, StateResource } from "./workspace";

const { startHost, openWorkspace } = useStage();

/** A host and the name that it has in the program. */
interface Named {
  readonly name: string;
  readonly host: SimulatedHost;
}

function startNamed(count: number, prefix = "kvm", rebootMs = 1_000): Promise<Named[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      name: `${prefix}${i}`,
      host: await startHost({ machine: "debian-grub", rebootMs }),
    })),
  );
}

/** Switches the IOMMU on, and reboots for it; nothing says which wave it belongs to. */
function declareConfig({ name, host }: Named): void {
  const reboot = { policy: "ifRequired", timeoutSeconds: 30, onDelete: true } as const;
  new HostIommuConfig(name, { host: host.connection, mode: "passthrough", reboot });
}

function inWaves(hosts: readonly Named[], batchSize: number, maxFailures = 0): PulumiFn {
  return () => {
    rollout(hosts, { batchSize, maxFailures }, declareConfig);
    return Promise.resolve({});
  };
}

/** Hosts on which anything at all was written since they were started. */
function touched(hosts: readonly Named[]): string[] {
  return hosts.filter(({ host }) => host.counters.writes > 0 || host.writtenFiles().length > 0).map(({ name }) => name);
}

function portOf({ host }: Named): string {
  return `root@127.0.0.1:${host.connection.port ?? 22}`;
}

/** Counts reboots while something goes on; one host is switched off for good when its reboot begins. */
function watch(hosts: readonly Named[], work: () => Promise<unknown>, lost?: Named): Promise<RebootCount> {
  return watchReboots(
    hosts.map(({ host }) => host),
    work,
    (host) => {
      if (host === lost?.host && host.failure === undefined) host.cutPower();
    },
  );
}

/** The resources of a host, its component left out. */
function customOf(state: readonly StateResource[], name: string): StateResource[] {
  return state.filter(({ urn, id }) => id !== undefined && (urn.endsWith(`::${name}`) || urn.includes(`::${name}-`)));
}

function awaitedBy(resource: StateResource | undefined): string[] {
  const { dependencies = [] } = (resource ?? {}) as { readonly dependencies?: readonly string[] };
  return [...dependencies].sort();
}

/** The host, which has to be there. */
function at(hosts: readonly Named[], index: number): Named {
  const host = hosts[index];
  if (host === undefined) throw new Error(`there is no host ${index}`);
  return host;
}

describe("twelve hosts in waves of three, one of which never comes back", () => {
  let hosts: Named[];
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [hosts, workspace] = await Promise.all([startNamed(12), openWorkspace()]);
  });

  it("are all in the preview, wave by wave", async () => {
    const run = await workspace.preview(inWaves(hosts, 3));

    // The stack, the rollout, four waves, and for each host itself and its resource.
    expect(run.changes).toEqual({ create: 1 + 1 + 4 + 12 * 2 });
    expect(run.text).toContain("passthrough:rollout:Wave rollout-wave-4");
    expect(run.text).toContain("passthrough:rollout:Host kvm11");
    expect(touched(hosts)).toEqual([]);
  });

  it("stop behind the wave of the one that stays off, and the error names it", async () => {
    const lost = at(hosts, 4);
    let run: EngineRun | undefined;

    const count = await watch(
      hosts,
      async () => {
        run = await workspace.up(inWaves(hosts, 3), { expectFailure: true });
      },
      lost,
    );

    expect(count.orders).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(count.most).toBeLessThanOrEqual(3);
    expect(run?.text).toContain(`${portOf(lost)}: it was told to reboot and did not come back within 30 s`);
    expect(touched(hosts.slice(6))).toEqual([]);
    expect(run?.text).not.toContain("rollout-wave-3");
  });

  it("go on from there when it is back, and reboot only what is left", async () => {
    await at(hosts, 4).host.switchOn();
    let run: EngineRun | undefined;

    const count = await watch(hosts, async () => {
      run = await workspace.up(inWaves(hosts, 3));
    });

    expect(count.orders).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect(count.most).toBeLessThanOrEqual(3);
    expect(run?.changes).toMatchObject({ update: 1, create: 2 + 6 * 2 });
    expect((await workspace.up(inWaves(hosts, 3), { expectNoChanges: true })).changes).toEqual({ same: 30 });
  });

  it("wait for the wave before, and for nobody of their own", async () => {
    const state = await workspace.readState();

    for (const [i, { name }] of hosts.entries()) {
      const wave = Math.floor(i / 3);
      const before = hosts.slice(Math.max(wave - 1, 0) * 3, wave * 3).flatMap((one) => customOf(state, one.name));
      expect(awaitedBy(customOf(state, name)[0])).toEqual(before.map(({ urn }) => urn).sort());
    }
  });

  it("stay as they are when the order changes, and one comes and one goes in the middle", async () => {
    const [added] = await startNamed(1, "new");
    const [removed, ...rest] = [at(hosts, 5), ...hosts.filter((_, i) => i !== 5).reverse()];
    const changed = [...rest.slice(0, 4), ...(added === undefined ? [] : [added]), ...rest.slice(4)];
    let run: EngineRun | undefined;

    const count = await watch(rest, async () => {
      run = await workspace.up(inWaves(changed, 3));
    });

    expect(count).toEqual({ most: 0, orders: rest.map(() => 0) });
    // Only the one that came and the one that went, each with its component.
    expect(run?.changes).toEqual({ create: 2, delete: 2, same: 28 });
    expect(removed.host.readFile("/etc/default/grub")).not.toContain("iommu=pt");
    hosts = changed;
  });

  it("reboot three at a time, too, when everything is taken back", async () => {
    const count = await watch(hosts, () => workspace.destroy());

    expect(count.orders).toEqual(hosts.map(() => 1));
    expect(count.most).toBeLessThanOrEqual(3);
  });
});

describe("a rollout that survives failures", () => {
  it("goes on after as many as it may, and stops after one more", async () => {
    const [hosts, workspace] = await Promise.all([startNamed(8), openWorkspace({ PULUMI_CONTINUE_ON_ERROR: "true" })]);
    at(hosts, 4).host.faults.failTool("grub-mkconfig");
    const lost = at(hosts, 1);
    let run: EngineRun | undefined;

    const count = await watch(
      hosts,
      async () => {
        run = await workspace.up(inWaves(hosts, 2, 1), { expectFailure: true });
      },
      lost,
    );

    expect(run?.text).toContain(`${portOf(at(hosts, 1))}: it was told to reboot and did not come back within 30 s`);
    expect(run?.text).toContain(`${portOf(at(hosts, 4))}: step "generate boot/grub/grub.cfg" failed`);
    expect(run?.text).not.toContain("isn't pending");
    expect(count.orders).toEqual([1, 1, 1, 1, 0, 1, 0, 0]);
    expect(touched(hosts.slice(6))).toEqual([]);

    await lost.host.switchOn();
    at(hosts, 4).host.faults.clear();
    await workspace.up(inWaves(hosts, 2, 1));
    expect(hosts.every(({ host }) => host.commandLine().includes("iommu=pt"))).toBe(true);
  });
});

describe("everything that a host's program makes", () => {
  /** Another package's resource: it does not know of waves, and its program passes it nothing. */
  function makeForeign(name: string): pulumi.CustomResource {
    const provider = { create: () => Promise.resolve({ id: name, outs: {} }) };
    return new (class extends pulumi.dynamic.Resource {})(provider, name, {});
  }

  async function forgetful({ name, host }: Named, opts: HostOptions): Promise<void> {
    await Promise.resolve();
    const config = new HostIommuConfig(name, { host: host.connection, mode: "passthrough" });
    makeForeign(`${name}-foreign`);
    config.machineId.apply(() => makeForeign(`${name}-late`));
    new (class extends pulumi.ComponentResource {})("test:Group", `${name}-group`, {}, opts);
  }

  it("waits for the wave before, whatever its author passes", async () => {
    const [hosts, workspace] = await Promise.all([startNamed(3), openWorkspace()]);

    await workspace.up(async () => {
      await Promise.all(rollout(hosts, { batchSize: 1 }, forgetful));
    });
    const state = await workspace.readState();

    for (const [before, after] of [
      ["kvm0", "kvm1"],
      ["kvm1", "kvm2"],
    ] as const) {
      const awaited = customOf(state, before)
        .map(({ urn }) => urn)
        .sort();
      expect(awaited).toHaveLength(3);
      for (const resource of customOf(state, after))
        expect(resource).toMatchObject({ dependencies: expect.arrayContaining(awaited) });
    }
    const config = state.find(({ urn }) => urn.endsWith("HostIommuConfig::kvm2"));
    expect(config).toMatchObject({ parent: expect.stringMatching(/rollout:Host::kvm2$/) });
  });

  it("is the same that stood in the program before it became a rollout", async () => {
    const [hosts, workspace] = await Promise.all([startNamed(2), openWorkspace()]);
    await workspace.up(() => {
      for (const { name, host } of hosts) new HostIommuConfig(name, { host: host.connection, mode: "passthrough" });
      return Promise.resolve();
    });
    for (const { host } of hosts) host.mark();

    const run: EngineRun = await workspace.up(() => {
      rollout(hosts, { batchSize: 1 }, ({ name, host }, opts) => {
        new HostIommuConfig(name, { host: host.connection, mode: "passthrough" }, name === "kvm0" ? opts : {});
      });
      return Promise.resolve();
    });

    expect(run.changes).toEqual({ create: 5, same: 3 });
    expect(hosts.map(({ host }) => host.writtenFiles())).toEqual([[], []]);
  });
});
