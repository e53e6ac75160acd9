import { beforeAll, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import {
  HostIommuConfig,
  PciPassthrough,
  VirtualizationHost,
  type IommuSettings,
  type PciPassthroughArgs,
  type VirtualizationSettings,
} from "pulumi-passthrough";

const TYPE = "pulumi-nodejs:dynamic/passthrough:";
const HOST = "kvm1.invalid";
const MEMBER = { address: "0000:01:00.0", id: "10de:2684", class: "VGA controller", previousDriver: "nouveau" };

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({
      id: `${name}-id`,
      state: {
        ...(inputs as object),
        members: [{ ...MEMBER, address: name }],
        connectUri: (inputs as Inputs)["connectUri"] ?? "qemu:///system",
        domainUuid: "u",
        proof: { guestAgent: "seen" },
      },
    }),
    call: () => ({}),
  }),
);

type Inputs = Readonly<Record<string, unknown>>;

/** What a component declares below itself. */
interface Child {
  readonly kind: string;
  readonly name: string;
  readonly props: Inputs;
  /** Names of what it waits for. */
  readonly after: readonly string[];
}

/** Declares a component and lists what it declares, in order. */
function declare(args: Partial<PciPassthroughArgs> = {}): { component: PciPassthrough; children: Child[] } {
  const children: Child[] = [];
  const component = new PciPassthrough(
    "gpu",
    { host: HOST, device: { address: "01:00.0" }, domain: "win11", ...args },
    {
      transformations: [
        ({ type, name, props, opts }) => {
          const after = (opts.dependsOn ?? []) as unknown as readonly { readonly __name: string }[];
          if (type.startsWith(TYPE))
            children.push({ kind: type.slice(TYPE.length), name, props, after: after.map(({ __name }) => __name) });
          return undefined;
        },
      ],
    },
  );
  return { component, children };
}

function valueOf(output: pulumi.Input<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    (pulumi.output(output) as pulumi.Output<unknown>).apply(resolve);
  });
}

/** Inputs that the program gave; what the classes add for themselves is left out. */
async function givenTo(child: Child | undefined, names: readonly string[]): Promise<Inputs> {
  const values = await Promise.all(names.map(async (name) => [name, await valueOf(child?.props[name])]));
  return Object.fromEntries(values) as Inputs;
}

describe("PciPassthrough", () => {
  it("declares the whole guide, each step behind those that it rests on", () => {
    const { children } = declare();

    expect(children.map(({ kind, name, after }) => [kind, name, after])).toEqual([
      ["HostIommuConfig", "gpu-iommu", []],
      ["VirtualizationHost", "gpu-virtualization", ["gpu-iommu"]],
      ["PciGroupDetachment", "gpu-group", ["gpu-iommu", "gpu-virtualization"]],
      ["DomainHostdev", "gpu-hostdev", ["gpu-iommu", "gpu-virtualization", "gpu-group"]],
    ]);
  });

  it("starts the domain, and reboots nothing, unless it is told otherwise", async () => {
    const { children } = declare();

    expect(await givenTo(children[0], ["host", "mode", "reboot"])).toEqual({
      host: HOST,
      mode: undefined,
      reboot: undefined,
    });
    expect(await givenTo(children[3], ["host", "domain", "running", "definition"])).toEqual({
      host: HOST,
      domain: "win11",
      running: true,
      definition: undefined,
    });
  });

  it("hands its settings to the step that they belong to, and keeps what is its own", async () => {
    const foreign = { host: "another.invalid", device: { id: "1:1" }, domain: "other", running: true };
    const { children } = declare({
      definition: "<domain/>",
      running: false,
      iommu: { ...foreign, mode: "translated" } as IommuSettings,
      virtualization: { ...foreign, removeOnDelete: true } as VirtualizationSettings,
      detachment: { ...foreign, persist: false },
      hostdev: { ...foreign, restart: "ifRequired" },
    });

    const given = await Promise.all(
      [["mode"], ["removeOnDelete"], ["device", "persist"], ["domain", "definition", "running", "restart"]].map(
        (names, index) => givenTo(children[index], ["host", ...names]),
      ),
    );
    expect(given).toEqual([
      { host: HOST, mode: "translated" },
      { host: HOST, removeOnDelete: true },
      { host: HOST, device: { address: "01:00.0" }, persist: false },
      { host: HOST, domain: "win11", definition: "<domain/>", running: false, restart: "ifRequired" },
    ]);
  });

  it("leaves boot files and packages alone where they are somebody else's", async () => {
    const { component, children } = declare({ iommu: false, virtualization: false });

    expect(children.map(({ name, after }) => [name, after])).toEqual([
      ["gpu-group", []],
      ["gpu-hostdev", ["gpu-group"]],
    ]);
    expect([component.iommu, component.virtualization]).toEqual([undefined, undefined]);
    expect(await givenTo(children[1], ["connectUri"])).toEqual({ connectUri: undefined });
  });

  it("waits for what the program declares for the host already, and declares it no second time", () => {
    const iommu = new HostIommuConfig("kvm1", { host: HOST });
    const virtualization = new VirtualizationHost("packages", { host: HOST });
    const { component, children } = declare({ iommu, virtualization });

    expect(children.map(({ name, after }) => [name, after])).toEqual([
      ["gpu-group", ["kvm1", "packages"]],
      ["gpu-hostdev", ["kvm1", "packages", "gpu-group"]],
    ]);
    expect([component.iommu, component.virtualization]).toEqual([iommu, virtualization]);
  });

  it("gives the domain the groups of several devices, in their order", async () => {
    const device = [{ id: "10de:2684" }, pulumi.output({ address: "05:00.0" })];
    const { component, children } = declare({ device });

    const names = ["gpu-group", "gpu-group-2"];
    expect(children.filter(({ kind }) => kind === "PciGroupDetachment").map(({ name }) => name)).toEqual(names);
    expect(await valueOf(component.members)).toEqual(names.map((address) => ({ ...MEMBER, address })));
    expect(await givenTo(children.at(-1), ["devices"])).toEqual({
      devices: names.map((address) => ({ ...MEMBER, address })),
    });
  });

  it("speaks to the libvirt that it installs, or to the one that is named", async () => {
    const system = declare().children.at(-1);
    const session = declare({ hostdev: { connectUri: "qemu:///session" } }).children.at(-1);

    expect(await givenTo(system, ["connectUri"])).toEqual({ connectUri: "qemu:///system" });
    expect(await givenTo(session, ["connectUri"])).toEqual({ connectUri: "qemu:///session" });
  });

  it("leaves the domain's power alone when asked to", async () => {
    expect(await givenTo(declare({ running: "asIs" }).children.at(-1), ["running"])).toEqual({ running: undefined });
  });

  it("says what came of it", async () => {
    const { component } = declare();

    expect(await valueOf(component.domainUuid)).toBe("u");
    expect(await valueOf(component.proof)).toEqual({ guestAgent: "seen" });
  });
});
