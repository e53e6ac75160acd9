import { beforeAll, describe, expect, it } from "@jest/globals";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { HostIommuConfig, PciGroupDetachment, type HostArgs } from "pulumi-passthrough";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { countOf, findState, GPU, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

const NIC = "0000:04:00.0";

/** What the engine did with a resource, in order. */
function operationsOn(events: readonly EngineEvent[], name: string): string[] {
  return events.flatMap(({ resourcePreEvent }) =>
    resourcePreEvent?.metadata.urn.endsWith(`::${name}`) === true ? [resourcePreEvent.metadata.op] : [],
  );
}

function program(host: HostArgs, address: string): () => Promise<Record<string, never>> {
  return () => {
    new PciGroupDetachment("group", { host, device: { address } });
    return Promise.resolve({});
  };
}

const stage = useStage();

describe("a PciGroupDetachment whose inputs change", () => {
  const { startHost, openWorkspace } = stage;
  let host: SimulatedHost;
  let other: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [host, other, workspace] = await Promise.all([startHost(), startHost(), openWorkspace()]);
    await workspace.up(program(host.connection, GPU));
  });

  it("is left alone when the same machine is reached by another name", async () => {
    const renamed = { ...host.connection, address: "localhost" };
    const before = (await findState(workspace, "group"))?.id;
    const cost = await countOf(host, async () => {
      const run = await workspace.up(program(renamed, GPU));
      expect(operationsOn(run.events, "group")).toEqual(["update"]);
    });

    expect(cost).toMatchObject({ writes: 0, files: 0 });
    expect((await findState(workspace, "group"))?.id).toBe(before);
  });

  it("is replaced when it names another device, and gives the old one back first", async () => {
    const run = await workspace.up(program(host.connection, NIC));

    expect(run.changes).toMatchObject({ replace: 1 });
    expect(operationsOn(run.events, "group")).toEqual(["delete-replaced", "replace", "create-replacement"]);
    expect([host.driverOf(GPU), host.driverOf(NIC)]).toEqual(["nouveau", "vfio-pci"]);
  });

  it("is replaced when it moves to another machine, and leaves nothing on the old one", async () => {
    const run = await workspace.up(program(other.connection, NIC));

    expect(run.changes).toMatchObject({ replace: 1 });
    expect([host.driverOf(NIC), other.driverOf(NIC)]).toEqual(["ixgbe", "vfio-pci"]);
    expect((await findState(workspace, "group"))?.id).toContain(other.readFile("/etc/machine-id").trim());
  });

  it("stays as it is when only its timeout changes", async () => {
    function slower(): Promise<Record<string, never>> {
      new PciGroupDetachment("group", { host: other.connection, device: { address: NIC }, timeoutSeconds: 90 });
      return Promise.resolve({});
    }
    const cost = await countOf(other, () => workspace.up(slower));

    expect(cost).toMatchObject({ commands: 1, writes: 0, files: 0 });
    expect((await findState(workspace, "group"))?.outputs).toMatchObject({ timeoutSeconds: 90 });
  });
});

it("refuses two resources that stand for the same thing on a host", async () => {
  const { startHost, openWorkspace } = stage;
  const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
  function twice(): Promise<Record<string, never>> {
    new HostIommuConfig("first", { host: host.connection });
    new HostIommuConfig("second", { host: { ...host.connection, address: "localhost" }, mode: "passthrough" });
    return Promise.resolve({});
  }

  const run = await workspace.preview(twice, { expectFailure: true });

  // Which of the two the engine meets first is up to it.
  expect(run.text).toMatch(
    /'(first|second)' has a problem: .*the resource "(?!\1)\w+" of this program manages the same/,
  );
});
