import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type * as pulumi from "@pulumi/pulumi";
import { DomainHostdev, HostIommuConfig, PciGroupDetachment } from "pulumi-passthrough";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { findState, GPU, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

describe("inputs that a preview does not know yet", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    host = await startHost();
  });

  beforeEach(async () => {
    workspace = await openWorkspace();
  });

  /** A value that is known only when another resource of the same program is there. */
  function later<T>(value: T): pulumi.Output<T> {
    const first = new HostIommuConfig("first", { host: host.connection });
    return first.groupCount.apply(() => value);
  }

  it.each<[string, () => unknown, string[]]>([
    [
      "the address of a host",
      () => {
        const connection = { ...host.connection, address: later("127.0.0.1") };
        return new PciGroupDetachment("subject", { host: connection, device: { address: GPU } });
      },
      ["members", "plan"],
    ],
    [
      "the whole connection",
      () => new PciGroupDetachment("subject", { host: later(host.connection), device: { address: GPU } }),
      ["members", "plan"],
    ],
    [
      "the address of a device",
      () => new PciGroupDetachment("subject", { host: host.connection, device: { address: later(GPU) } }),
      ["group", "members"],
    ],
    [
      "the name of a domain",
      () => new DomainHostdev("subject", { host: host.connection, domain: later("win11"), devices: [GPU] }),
      ["domain", "domainUuid"],
    ],
    [
      "one of several devices",
      () =>
        new DomainHostdev("subject", { host: host.connection, domain: "win11", devices: [GPU, later("0000:01:00.1")] }),
      ["domainUuid"],
    ],
    [
      "one word among the kernel's",
      () =>
        new HostIommuConfig("subject", {
          host: host.connection,
          kernelArguments: { present: ["hugepages=4", later("default_hugepagesz=1G")] },
        }),
      ["kernelCommandLine"],
    ],
  ])("%s shows as unknown, and up and destroy go through", async (_what, declare, unknown) => {
    const program = (): Promise<Record<string, never>> => {
      declare();
      return Promise.resolve({});
    };

    const preview = await workspace.preview(program, { diff: true });
    await workspace.up(program);
    const second = await workspace.up(program, { expectNoChanges: true });
    const stored = await findState(workspace, "subject");
    await workspace.destroy();

    for (const name of unknown) expect(preview.text).toMatch(new RegExp(`\\b${name} *: \\[unknown\\]|${name} *: \\{[^}]*\\[unknown\\]`));
    expect(preview.changes).toEqual({ create: 3 });
    expect(second.changes).toEqual({ same: 3 });
    expect(JSON.stringify(stored)).not.toContain("04da6b54");
  });

  it("do not hide what is wrong already", async () => {
    const program = (): Promise<Record<string, never>> => {
      const devices = [later(GPU)];
      new DomainHostdev("subject", { host: host.connection, domain: "win12", devices });
      return Promise.resolve({});
    };

    const run = await workspace.preview(program, { expectFailure: true });

    expect(run.text).toContain('the host has no domain "win12"; it has guest, win11');
  });
});
