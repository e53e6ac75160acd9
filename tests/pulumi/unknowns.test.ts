import { beforeAll, describe, expect, it } from "@jest/globals";
import type * as pulumi from "@pulumi/pulumi";
import { DomainHostdev, HostIommuConfig, PciGroupDetachment } from "pulumi-passthrough";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { AUDIO, GPU, useStage } from "./stage";
import type { EngineRun, PulumiWorkspace } from "./workspace";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const PORTS = ["0000:04:00.0", "0000:04:00.1"] as const;

/** Names of each resource's inputs of which a part is unknown, the computed ones among them. */
function listUnknown(run: EngineRun): Record<string, string[]> {
  const entries = run.events.flatMap(({ resourcePreEvent }) => {
    const { urn = "", type = "", new: after } = resourcePreEvent?.metadata ?? {};
    if (!type.includes("passthrough:")) return [];
    const inputs = Object.entries((after?.inputs ?? {}) as Record<string, unknown>);
    const unknown = inputs.filter(([, value]) => JSON.stringify(value).includes(UNKNOWN)).map(([name]) => name);
    return [[urn.split("::").at(-1) ?? "", unknown.sort()] as const];
  });
  return Object.fromEntries(entries);
}

/** What the plan of each resource says that it waits for. */
function listWaits(run: EngineRun): Record<string, unknown> {
  const entries = run.events.flatMap(({ resourcePreEvent }) => {
    const { urn = "", new: after } = resourcePreEvent?.metadata ?? {};
    const { plan } = (after?.inputs ?? {}) as { plan?: { waitsFor?: unknown } };
    return plan?.waitsFor === undefined ? [] : [[urn.split("::").at(-1) ?? "", plan.waitsFor] as const];
  });
  return Object.fromEntries(entries);
}

describe("inputs that a preview does not know yet", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
  });

  /** Six resources, each with another input that is known only when the first resource is there. */
  function declare(): Promise<Record<string, never>> {
    const first = new PciGroupDetachment("first", { host: host.connection, device: { address: PORTS[0] } });
    function later<T>(value: T): pulumi.Output<T> {
      return first.viable.apply(() => value);
    }
    const near = host.connection;
    const far = { ...host.connection, address: later("127.0.0.1") };
    const present = ["hugepages=4", later("default_hugepagesz=1G")];
    const words = new HostIommuConfig("words", { host: near, kernelArguments: { present } }, { dependsOn: first });
    const address = new PciGroupDetachment(
      "address",
      { host: far, device: { address: PORTS[1] } },
      { dependsOn: words },
    );
    const device = new PciGroupDetachment(
      "device",
      { host: near, device: { address: later(GPU) } },
      { dependsOn: address },
    );
    const connection = new DomainHostdev(
      "connection",
      { host: later(near), domain: "guest", devices: [PORTS[1]] },
      { dependsOn: device },
    );
    const devices = new DomainHostdev(
      "devices",
      { host: near, domain: "guest", devices: [PORTS[0], later(AUDIO)] },
      { dependsOn: connection },
    );
    new DomainHostdev("domain", { host: near, domain: later("win11"), devices: [GPU] }, { dependsOn: devices });
    return Promise.resolve({});
  }

  it("show as unknown together with what is computed from them, and nothing else does", async () => {
    const run = await workspace.preview(declare);

    expect(listUnknown(run)).toEqual({
      first: [],
      words: ["kernelArguments", "kernelCommandLine", "plan"],
      address: ["bridges", "group", "host", "members", "plan"],
      device: ["bridges", "device", "group", "members", "plan"],
      connection: ["domainUuid", "host", "plan"],
      devices: ["devices", "domainUuid", "plan"],
      domain: ["domain", "domainUuid", "plan"],
    });
    expect(listWaits(run)).toEqual({
      words: ["kernelArguments"],
      address: ["host"],
      device: ["device"],
      connection: ["host"],
      devices: ["devices"],
      domain: ["domain"],
    });
  });

  it("are known by the time that they are needed, and leave nothing unknown behind", async () => {
    const up = await workspace.up(declare);
    const second = await workspace.up(declare, { expectNoChanges: true });
    const stored = JSON.stringify(await workspace.readState());
    const destroy = await workspace.destroy();

    expect([up.changes, second.changes, destroy.changes]).toEqual([{ create: 8 }, { same: 8 }, { delete: 8 }]);
    expect(stored).not.toContain(UNKNOWN);
    expect([...PORTS, GPU].map((function_) => host.driverOf(function_))).toEqual(["ixgbe", "ixgbe", "nouveau"]);
  });

  it("do not hide what is wrong already", async () => {
    function program(): Promise<Record<string, never>> {
      const first = new PciGroupDetachment("first", { host: host.connection, device: { address: GPU } });
      const devices = [first.viable.apply(() => GPU)];
      new DomainHostdev("guest", { host: host.connection, domain: "win12", devices });
      return Promise.resolve({});
    }

    const run = await workspace.preview(program, { expectFailure: true });

    expect(run.text).toContain('the host has no domain "win12"; it has guest, win11');
  });
});
