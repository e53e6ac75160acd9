import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import {
  DomainHostdev,
  getHost,
  getHostOutput,
  getIommuGroups,
  HostIommuConfig,
  PciGroupDetachment,
} from "pulumi-passthrough";
import { SimulatedHost } from "pulumi-passthrough/testing";
import { GPU } from "./stage";

const PREFIX = "pulumi-nodejs:dynamic/passthrough:";

function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => {
      resolve(value);
    });
  });
}

describe("a program under Pulumi's mocks", () => {
  const registered: pulumi.runtime.MockResourceArgs[] = [];
  const called: pulumi.runtime.MockCallArgs[] = [];
  let host: SimulatedHost;

  beforeAll(async () => {
    host = await SimulatedHost.start({ machine: "debian-gpu-iommu-on" });
    await pulumi.runtime.setMocks({
      newResource: (args) => {
        registered.push(args);
        const members = [{ address: GPU, id: "10de:2684", class: "VGA controller", previousDriver: "nouveau" }];
        return {
          id: `${args.name}-id`,
          state: { ...(args.inputs as object), members, attached: [GPU], rebootRequired: false },
        };
      },
      call: (args) => {
        called.push(args);
        return args.token.endsWith(":getHost") ? { host: "kvm1", iommu: { isActive: true } } : { groups: [] };
      },
    });
  });

  afterAll(() => host.stop());

  it("registers its resources with what the user declared, and touches no host", async () => {
    const iommu = new HostIommuConfig("kvm1", { host: host.connection, mode: "passthrough" });
    const gpu = new PciGroupDetachment("gpu", { host: "kvm1.lan", device: { address: GPU } }, { dependsOn: iommu });
    const guest = new DomainHostdev("guest", { host: host.connection, domain: "win11", devices: gpu.members });
    await Promise.all([iommu, gpu, guest].map((resource) => valueOf(resource.urn)));

    expect(registered.map(({ type, name }) => `${name} ${type.slice(PREFIX.length)}`).sort()).toEqual([
      "gpu PciGroupDetachment",
      "guest DomainHostdev",
      "kvm1 HostIommuConfig",
    ]);
    const inputs = registered.find(({ name }) => name === "gpu")?.inputs as Record<string, unknown>;
    expect(inputs).toMatchObject({ host: "kvm1.lan", device: { address: GPU } });
    expect(inputs).not.toHaveProperty("__facts");
    expect(host.counters).toEqual({ connections: 0, commands: 0, writes: 0 });
  });

  it("gives outputs of the declared types", async () => {
    const gpu = new PciGroupDetachment("typed", { host: "kvm1.lan", device: { id: "10de:2684" } });
    const addresses: pulumi.Output<string[]> = gpu.members.apply((members) => members.map(({ address }) => address));

    expect(await valueOf(addresses)).toEqual([GPU]);
    expect(await valueOf(gpu.id)).toBe("typed-id");
  });

  it("keeps what is secret in a connection secret", async () => {
    const iommu = new HostIommuConfig("secret", { host: { address: "kvm1.lan", password: "hidden" } });
    const plain = new HostIommuConfig("plain", { host: { address: "kvm1.lan" } });
    await Promise.all([iommu, plain].map((resource) => valueOf(resource.urn)));

    function isMarked(name: string): boolean {
      const inputs: unknown = registered.find((one) => one.name === name)?.inputs;
      return JSON.stringify(inputs).includes("1b47061264138c4ac30d75fd1eb44270");
    }
    expect([isMarked("secret"), isMarked("plain")]).toEqual([true, false]);
  });

  it("lets the mocks answer the functions, and touches no host", async () => {
    called.length = 0;
    const [survey, groups] = await Promise.all([
      getHost({ host: host.connection }),
      getIommuGroups({ host: "kvm1.lan", connectUri: "qemu:///session" }),
    ]);
    const later = getHostOutput({ host: pulumi.output("kvm1.lan") });

    expect(survey.iommu.isActive).toBe(true);
    expect(groups.groups).toEqual([]);
    expect(await valueOf(later.iommu.isActive)).toBe(true);
    expect(called.map(({ token }) => token).sort()).toEqual([
      "passthrough:index:getHost",
      "passthrough:index:getHost",
      "passthrough:index:getIommuGroups",
    ]);
    expect(called.find(({ token }) => token.endsWith("Groups"))?.inputs).toEqual({
      host: "kvm1.lan",
      connectUri: "qemu:///session",
    });
    expect(host.counters).toEqual({ connections: 0, commands: 0, writes: 0 });
  });
});
