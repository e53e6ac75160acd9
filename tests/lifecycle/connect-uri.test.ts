import { beforeEach, describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { GUEST } from "../../provider/src/testing/machines/domains";
import { inRun, Resource, type Run, type Values } from "./driver";
import { expectNoWrites, readDomain, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const SESSION = "qemu:///session";
/** Another libvirt's domain of the same name, as nothing keeps two of them from having one. */
const NAMESAKE = GUEST.replace("5f0c3c1e-9d1b-4f6e-8a3e-0d6b1f1d2c3a", "6a1d4d2f-8e2c-4a7d-9b4f-1e7c2a2e3d4b");

let host: SimulatedHost;
let guest: Resource;

beforeEach(async () => {
  host = await start({ machine: "debian-grub-iommu-on", moreLibvirts: { [SESSION]: [NAMESAKE] } });
  guest = new Resource("DomainHostdev");
});

function inputs(connectUri?: string): Values {
  const common = { host: host.connection, domain: "guest", devices: [NIC] };
  return connectUri === undefined ? common : { ...common, connectUri };
}

/** The guest's devices, by the libvirt that knows it. */
function devices(): Record<string, number> {
  const ofSession = host.domainXml("guest", { connectUri: SESSION });
  return {
    system: readDomain(host, "guest").split("<hostdev").length - 1,
    session: ofSession.split("<hostdev").length - 1,
  };
}

function withoutUri(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== "connectUri"));
}

function up(uri?: string): Promise<unknown> {
  return inRun((run) => guest.up(run, inputs(uri)));
}

describe("a domain of another libvirt", () => {
  it("gets its device there, is read there, and loses it there", async () => {
    await up(SESSION);

    expect(devices()).toEqual({ system: 0, session: 1 });
    expect(guest.output("domainUuid")).toBe("6a1d4d2f-8e2c-4a7d-9b4f-1e7c2a2e3d4b");
    expect(await expectNoWrites(host, () => up(SESSION))).toBe("same");
    expect(await inRun((run) => guest.refresh(run))).toBe(true);
    expect(guest.output("attached")).toEqual([NIC]);
    await inRun((run) => guest.destroy(run));
    expect(devices()).toEqual({ system: 0, session: 0 });
  });

  it("is left when another libvirt is declared, and the namesake there gets the device", async () => {
    await up();
    expect(devices()).toEqual({ system: 1, session: 0 });

    expect(await up(SESSION)).toBe("replace");
    expect(devices()).toEqual({ system: 0, session: 1 });

    expect(await up()).toBe("replace");
    expect(devices()).toEqual({ system: 1, session: 0 });
  });

  it("is the system's for a state from before the input was there", async () => {
    await up();
    const stored = guest.state;
    if (stored === undefined) throw new Error("nothing was stored");
    guest.state = { ...stored, inputs: withoutUri(stored.inputs), outputs: withoutUri(stored.outputs) };

    expect(await expectNoWrites(host, () => up())).toBe("same");
    await inRun((run) => guest.destroy(run));
    expect(devices()).toEqual({ system: 0, session: 0 });
  });

  it("is not looked for while its libvirt is not known yet", async () => {
    const { connectUri, ...known } = inputs("04da6b54-80e4-46f7-96ec-b56ff0331ba9");

    const preview = await inRun((run) => guest.preview(run, { ...known, domain: "nobody", connectUri }));

    expect(preview.operation).toBe("create");
    expect(host.counters.commands).toBe(0);
  });

  it("whose libvirt is gone is kept in the state", async () => {
    await up(SESSION);
    host.setLibvirtRunning(false, SESSION);

    await expect(inRun((run) => guest.refresh(run))).rejects.toThrow(`libvirt does not answer at ${SESSION}`);
    await expect(inRun((run) => guest.destroy(run))).rejects.toThrow(`libvirt does not answer at ${SESSION}`);
    host.setLibvirtRunning(true, SESSION);
    expect(await inRun((run) => guest.refresh(run))).toBe(true);
  });
});

describe("the sessions of one host", () => {
  const other = { domain: "win11" };

  async function upBoth(run: Run): Promise<unknown[]> {
    const system = new Resource("DomainHostdev", "of-the-system");
    return [await guest.up(run, inputs(SESSION)), await system.up(run, { ...inputs(), ...other })];
  }

  it("share no reading, as each asks its own libvirt", async () => {
    const commands = host.counters.commands;

    expect(await inRun(upBoth)).toEqual(["create", "create"]);

    expect(devices()).toEqual({ system: 0, session: 1 });
    expect(readDomain(host, "win11")).toContain("<hostdev");
    // A reading and a change for each.
    expect(host.counters.commands - commands).toBe(4);
  });

  it("forget what they know when the host is changed through another of them", async () => {
    const group = new Resource("PciGroupDetachment");

    await inRun(async (run) => {
      await guest.preview(run, inputs(SESSION));
      await group.up(run, { host: host.connection, device: { address: NIC } });
      const commands = host.counters.commands;
      await guest.up(run, inputs(SESSION));

      expect(host.counters.commands - commands).toBe(2);
    });
  });
});
