import { describe, expect, it } from "@jest/globals";
import type { MachineName, SimulatedHost } from "pulumi-passthrough/testing";
import { areCanonicallyEqual } from "../../provider/src/model/libvirt/canonical";
import { inRun, Resource, type Operation, type Values } from "./driver";
import { expectNoWrites, listDifferences, readBootFiles, readDomain, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const FIRST = "0000:03:01.0";
const SECOND = "0000:03:02.0";

/** Words of the newest boot entry's command line, by what the resource says of it. */
function words(resource: Resource): string[] {
  return String(resource.output("kernelCommandLine")).split(" ");
}

describe.each(["debian-grub", "fedora-bls"] as const satisfies MachineName[])("kernel arguments on %s", (machine) => {
  function inputs(host: SimulatedHost, present: readonly string[], absent: readonly string[] = []): Values {
    return { host: host.connection, mode: "passthrough", kernelArguments: { present, absent } };
  }

  it("come and go with what is declared, and nothing else goes", async () => {
    const host = await start({ machine });
    const iommu = new Resource("HostIommuConfig");
    const before = readBootFiles(host);
    await inRun((run) => iommu.up(run, inputs(host, ["vfio-pci.ids=8086:10d3"])));
    const first = words(iommu);
    const files = readBootFiles(host);

    expect(await inRun((run) => iommu.up(run, inputs(host, ["vfio-pci.ids=8086:10d3", "hugepages=8"])))).toBe("update");
    expect(words(iommu)).toEqual([...first, "hugepages=8"]);
    expect(await inRun((run) => iommu.up(run, inputs(host, ["vfio-pci.ids=8086:10d3"])))).toBe("update");
    expect(words(iommu)).toEqual(first);
    expect(listDifferences(files, readBootFiles(host))).toEqual([]);

    await inRun((run) => iommu.destroy(run));
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
  });

  it("that were taken out come back when nobody wants them out any more", async () => {
    const host = await start({ machine });
    const iommu = new Resource("HostIommuConfig");
    const foreign = machine === "fedora-bls" ? "quiet" : "console=ttyS0";
    const before = readBootFiles(host);
    await inRun((run) => iommu.up(run, inputs(host, [], [foreign])));
    expect(words(iommu)).not.toContain(foreign);

    await inRun((run) => iommu.up(run, inputs(host, [])));

    expect(words(iommu)).toContain(foreign);
    expect(await expectNoWrites(host, () => inRun((run) => iommu.up(run, inputs(host, []))))).toBe("same");
    await inRun((run) => iommu.destroy(run));
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
  });
});

describe("devices of a domain", () => {
  function inputs(host: SimulatedHost, ...devices: string[]): Values {
    return { host: host.connection, domain: "guest", devices };
  }

  it("come and go with what is declared, and nothing else goes", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const guest = new Resource("DomainHostdev");
    const before = readDomain(host, "guest");
    await inRun((run) => guest.up(run, inputs(host, NIC)));
    const one = readDomain(host, "guest");

    expect(await inRun((run) => guest.up(run, inputs(host, NIC, FIRST, SECOND)))).toBe("update");
    expect(guest.output("attached")).toEqual([NIC, FIRST, SECOND]);
    expect(await inRun((run) => guest.up(run, inputs(host, NIC)))).toBe("update");

    expect(guest.output("attached")).toEqual([NIC]);
    expect(readDomain(host, "guest")).toContain(/<hostdev[^]*?<\/hostdev>/.exec(one)?.[0] ?? "no hostdev");
    await inRun((run) => guest.destroy(run));
    expect(areCanonicallyEqual(readDomain(host, "guest"), before)).toBe(true);
  });

  it("are written anew when they shall no longer be managed", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const guest = new Resource("DomainHostdev");
    await inRun((run) => guest.up(run, inputs(host, NIC)));

    expect(await inRun((run) => guest.up(run, { ...inputs(host, NIC), managed: false }))).toBe("update");

    expect(readDomain(host, "guest").match(/<hostdev [^>]*>/g)).toEqual([
      "<hostdev mode='subsystem' type='pci' managed='no'>",
    ]);
  });

  it("move with the resource to another domain", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const guest = new Resource("DomainHostdev");
    const before = readDomain(host, "guest");
    await inRun((run) => guest.up(run, inputs(host, NIC)));

    expect(await inRun((run) => guest.up(run, { ...inputs(host, NIC), domain: "win11" }))).toBe("replace");

    expect(areCanonicallyEqual(readDomain(host, "guest"), before)).toBe(true);
    expect(readDomain(host, "win11")).toContain("<hostdev");
  });
});

describe("drift", () => {
  it("of every resource is mended by a plain up", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const group = new Resource("PciGroupDetachment");
    const guest = new Resource("DomainHostdev");
    const common = { host: host.connection };
    function up(): Promise<Operation[]> {
      return inRun(async (run) => [
        await group.up(run, { ...common, device: { address: NIC } }),
        await guest.up(run, { ...common, domain: "guest", devices: [NIC] }),
      ]);
    }
    const bare = readDomain(host, "guest");
    await up();
    host.setDriver(NIC, "e1000e");
    host.defineDomain(bare);

    expect(await up()).toEqual(["update", "update"]);

    expect(host.driverOf(NIC)).toBe("vfio-pci");
    expect(readDomain(host, "guest")).toContain("<hostdev");
    expect(await expectNoWrites(host, up)).toEqual(["same", "same"]);
  });
});
