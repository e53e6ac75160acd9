import { describe, expect, it } from "@jest/globals";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { getHost, getHostOutput, getIommuGroups, HostIommuConfig, type HostArgs } from "pulumi-passthrough";
import type { HostSettings } from "../../provider/src/model/connection";
import { AUDIO, countOf, declareGuide, GPU, useStage } from "./stage";

const ONE_READING = { connections: 1, commands: 1, writes: 0, files: 0 };

/** Both functions beside the resources of the guide, in this order or the other. */
function both(host: HostSettings, isGuideFirst: boolean): PulumiFn {
  return async () => {
    if (isGuideFirst) declareGuide(host);
    const [survey, { groups }] = await Promise.all([getHost({ host }), getIommuGroups({ host })]);
    if (!isGuideFirst) declareGuide(host);
    const group = groups.find(({ endpoints }) => endpoints.some(({ address }) => address === GPU));
    return {
      isActive: survey.iommu.isActive,
      name: survey.devices.find(({ address }) => address === GPU)?.deviceName,
      verdict: group?.verdict,
    };
  };
}

/** A program that looks at the host before and after its IOMMU is switched on. */
function around(host: HostArgs): PulumiFn {
  return () => {
    const iommu = new HostIommuConfig("iommu", { host, reboot: { policy: "ifRequired" } });
    return Promise.resolve({
      before: getHostOutput({ host }).iommu.isActive,
      after: getHostOutput({ host }, { dependsOn: iommu }).iommu.isActive,
    });
  };
}

/** A program that shows how a call fails; one that ended by it would end the tests with it. */
function failing(call: () => Promise<unknown>): PulumiFn {
  return async () => ({
    failure: await call().then(
      () => "none",
      (error: unknown) => String(error),
    ),
  });
}

describe("the functions in a real run", () => {
  const { startHost, openWorkspace } = useStage();

  it.each([
    ["behind the resources", true],
    ["before them", false],
  ])("share one reading, called %s", async (_where, isGuideFirst) => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    const program = both(host.connection, isGuideFirst);

    expect(await countOf(host, () => workspace.preview(program))).toEqual(ONE_READING);

    await workspace.up(program);
    expect(await workspace.readOutputs()).toEqual({
      isActive: true,
      name: "AD102 [GeForce RTX 4090]",
      verdict: { kind: "together", with: [GPU, AUDIO], because: [], rules: [] },
    });
  });

  it("read the host anew after a resource that they depend on, and know nothing in a preview before it is there", async () => {
    const [host, workspace] = await Promise.all([startHost({ machine: "debian-gpu" }), openWorkspace()]);

    const { text } = await workspace.preview(around(host.connection));
    expect(text).toMatch(/before: false/);
    expect(text).toMatch(/after *: \[unknown\]|after *: output<boolean>/);

    await workspace.up(around(host.connection));
    expect(await workspace.readOutputs()).toEqual({ before: false, after: true });
  });

  it("fail with what is wrong with the host, and without its secrets", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    host.refuseConnections();
    const connection = { ...host.connection, password: "hunter2", connectTimeoutSeconds: 2 };

    const { text } = await workspace.preview(failing(() => getHost({ host: connection })));

    expect(text).toContain(`root@127.0.0.1:${String(host.connection.port)}`);
    expect(text).not.toContain("hunter2");
  });

  it("say which argument is wrong", async () => {
    const workspace = await openWorkspace();

    const { text } = await workspace.preview(failing(() => getIommuGroups({ host: { address: "kvm1", port: 0 } })));

    expect(text).toContain("getIommuGroups: host.port: ");
  });
});
