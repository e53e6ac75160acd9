import { describe, expect, it } from "@jest/globals";
import type { MachineName, SimulatedHost } from "pulumi-passthrough/testing";
import { areCanonicallyEqual } from "../../provider/src/model/libvirt/canonical";
import { inRun, Resource, type Values } from "./driver";
import { expectNoWrites, labelOf, listDifferences, readBootFiles, readDomain, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const FIRST = "0000:03:01.0";
const DEFAULTS = "/etc/default/grub";
const DROP_IN = "/etc/default/grub.d/50-site.cfg";
const GUEST_UUID = "5f0c3c1e-9d1b-4f6e-8a3e-0d6b1f1d2c3a";

function replace(host: SimulatedHost, path: string, from: string, to: string): void {
  const text = host.readFile(path);
  if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
  host.writeFile(path, text.replace(from, to));
}

/** A hostdev that somebody else put into a domain. */
function foreignHostdev(slot: number): string {
  const source = `<address domain='0x0000' bus='0x03' slot='0x0${slot}' function='0x0'/>`;
  return `<hostdev mode='subsystem' type='pci' managed='yes'><source>${source}</source></hostdev>`;
}

describe("what others wrote", () => {
  const SETTINGS = [
    "# comment 'with quotes\" in it",
    "GRUB_TIMEOUT=5   # trailing comment",
    'export GRUB_COLOR="a b"',
    'GRUB_CMDLINE_LINUX_DEFAULT="splash  quiet"',
    "GRUB_CMDLINE_LINUX='console=ttyS0 console=tty0 intel_iommu=off' # console first",
    "GRUB_DISABLE_OS_PROBER=true",
    "",
  ].join("\n");

  it("before us stays byte for byte, and the rest of the line of ours too", async () => {
    const files = { [DEFAULTS]: SETTINGS, [DROP_IN]: 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX site=1"\n' };
    const host = await start({ files });
    const iommu = new Resource("HostIommuConfig");
    const before = readBootFiles(host);

    await inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));

    expect(host.readFile(DEFAULTS)).toBe(SETTINGS.replace("intel_iommu=off'", "intel_iommu=on iommu=pt'"));
    expect(listDifferences(before, readBootFiles(host))).toEqual(["/boot/grub/grub.cfg", DEFAULTS]);
    await inRun((run) => iommu.destroy(run));
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
  });

  it("after us stays too, in the next up and in the delete", async () => {
    const host = await start({ files: { [DROP_IN]: 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX site=1"\n' } });
    const iommu = new Resource("HostIommuConfig");
    const inputs = { host: host.connection, mode: "passthrough" };
    const original = host.readFile(DEFAULTS);
    await inRun((run) => iommu.up(run, inputs));

    replace(host, DEFAULTS, "iommu=pt", "iommu=pt hugepages=4");
    replace(host, DEFAULTS, "GRUB_TIMEOUT=1", "# slower\nGRUB_TIMEOUT=9");
    host.writeFile(DROP_IN, 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX site=2"\n');
    expect(await expectNoWrites(host, () => inRun((run) => iommu.up(run, inputs)))).toBe("same");
    await inRun((run) => iommu.destroy(run));

    const words = 'GRUB_CMDLINE_LINUX="console=ttyS0 intel_iommu=off hugepages=4"';
    expect(host.readFile(DEFAULTS)).toBe(
      original
        .replace("GRUB_TIMEOUT=1", "# slower\nGRUB_TIMEOUT=9")
        .replace('GRUB_CMDLINE_LINUX="console=ttyS0 intel_iommu=off"', words),
    );
    expect(host.readFile(DROP_IN)).toContain("site=2");
    await host.reboot();
    expect(host.commandLine()).toMatch(/ ro console=ttyS0 intel_iommu=off hugepages=4 site=2$/);
  });

  it("in a boot entry stays, and a newer kernel's entry is taken along", async () => {
    const host = await start({ machine: "fedora-bls" });
    const iommu = new Resource("HostIommuConfig");
    const inputs = { host: host.connection, mode: "passthrough" };
    await inRun((run) => iommu.up(run, inputs));
    const entries = Object.keys(readBootFiles(host)).filter((path) => path.startsWith("/boot/loader/entries/"));
    const newest = entries.find((path) => path.includes("6.8.11")) ?? "";
    const added = newest.replace("6.8.11", "6.8.12");
    replace(host, newest, "rhgb", "rhgb mine=1");
    host.writeFile(added, host.readFile(newest).replaceAll("6.8.11", "6.8.12").replace(" intel_iommu=on", ""));

    expect(await inRun((run) => iommu.up(run, inputs))).toBe("update");
    expect(host.readFile(added)).toMatch(/^options .*mine=1 .*intel_iommu=on/m);
    await inRun((run) => iommu.destroy(run));

    for (const path of [newest, added]) {
      expect(host.readFile(path)).toContain(" rhgb mine=1 quiet");
      expect(host.readFile(path)).not.toContain("iommu=");
    }
  });

  it("into a domain stays, whenever it came", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const guest = new Resource("DomainHostdev");
    const inputs = { host: host.connection, domain: "guest", devices: [NIC] };
    host.defineDomain(readDomain(host, "guest").replace("</devices>", `${foreignHostdev(1)}</devices>`));
    await inRun((run) => guest.up(run, inputs));
    host.defineDomain(readDomain(host, "guest").replace("</devices>", `${foreignHostdev(2)}</devices>`));
    host.defineDomain(readDomain(host, "guest").replace(">131072</memory>", ">262144</memory>"));

    expect(await expectNoWrites(host, () => inRun((run) => guest.up(run, inputs)))).toBe("same");
    await inRun((run) => guest.destroy(run));

    const sources = [...readDomain(host, "guest").matchAll(/<source>\s*<address [^>]*bus='(\w+)' slot='(\w+)'/g)];
    expect(sources.map(([, bus, slot]) => `${bus ?? ""}:${slot ?? ""}`)).toEqual(["0x03:0x01", "0x03:0x02"]);
    expect(readDomain(host, "guest")).toContain(">262144</memory>");
  });

  it("as a hostdev for the declared device is used, and not taken out by the delete", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const guest = new Resource("DomainHostdev");
    host.defineDomain(readDomain(host, "guest").replace("</devices>", `${foreignHostdev(1)}</devices>`));
    const before = readDomain(host, "guest");

    await inRun((run) => guest.up(run, { host: host.connection, domain: "guest", devices: [FIRST] }));
    await inRun((run) => guest.destroy(run));

    expect(readDomain(host, "guest")).toBe(before);
  });
});

interface StaleCase {
  readonly what: string;
  readonly machine: MachineName;
  readonly kind: "HostIommuConfig" | "PciGroupDetachment" | "DomainHostdev";
  readonly inputs: Values;
  readonly edit: (host: SimulatedHost) => void;
  readonly reason: string;
}

const BOOT = { machine: "debian-grub", kind: "HostIommuConfig", inputs: { mode: "passthrough" } } as const;
const STALE: readonly StaleCase[] = [
  {
    ...BOOT,
    what: "the settings",
    edit: (host) => {
      replace(host, DEFAULTS, "GRUB_TIMEOUT=1", "GRUB_TIMEOUT=2");
    },
    reason: `${DEFAULTS} has changed`,
  },
  {
    ...BOOT,
    what: "the menu",
    edit: (host) => {
      replace(host, "/boot/grub/grub.cfg", "ro ", "ro mine ");
    },
    reason: "/boot/grub/grub.cfg has changed",
  },
  {
    ...BOOT,
    machine: "fedora-bls",
    what: "the kernel's own settings",
    edit: (host) => {
      host.removeFile("/etc/kernel/cmdline");
    },
    reason: "/etc/kernel/cmdline has changed",
  },
  {
    what: "a driver",
    machine: "debian-grub-iommu-on",
    kind: "PciGroupDetachment",
    inputs: { device: { address: NIC } },
    edit: (host) => {
      host.setDriver(NIC, undefined);
    },
    reason: `the driver of ${NIC} is now -, not e1000e`,
  },
  {
    what: "a domain",
    machine: "debian-grub-iommu-on",
    kind: "DomainHostdev",
    inputs: { domain: "guest", devices: [NIC] },
    edit: (host) => {
      host.defineDomain(readDomain(host, "guest").replace("</devices>", `${foreignHostdev(1)}</devices>`));
    },
    reason: `the configuration of domain ${GUEST_UUID} has changed`,
  },
];

describe("a host that changes between the plan and the write", () => {
  it.each(STALE)("is left alone: $what", async ({ machine, kind, inputs, edit, reason }) => {
    const host = await start({ machine });
    const resource = new Resource(kind);
    let count = 0;
    let edited: Record<string, string> = {};
    host.beforeCommand(() => {
      count += 1;
      if (count !== 2) return;
      edit(host);
      edited = { ...readBootFiles(host), guest: readDomain(host, "guest") };
    });

    await expect(inRun((run) => resource.up(run, { host: host.connection, ...inputs }))).rejects.toThrow(
      new Error(
        `${labelOf(host)}: planned on stale facts: ${reason} since the host was read; nothing was written. Next: run the preview again and look at the new plan.`,
      ),
    );

    expect(count).toBe(2);
    expect(listDifferences(edited, { ...readBootFiles(host), guest: readDomain(host, "guest") })).toEqual([]);
    expect(host.writes).toEqual([]);
    expect(resource.state).toBeUndefined();
    expect(await inRun((run) => resource.up(run, { host: host.connection, ...inputs }))).toBe("create");
  });

  it("keeps a virsh edit that comes between our reading and our writing", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const guest = new Resource("DomainHostdev");
    const before = readDomain(host, "guest");
    const bigger = before.replaceAll(">131072<", ">262144<");
    host.faults.afterStep("attach", () => {
      host.defineDomain(bigger);
    });

    await inRun((run) => guest.up(run, { host: host.connection, domain: "guest", devices: [NIC] }));

    expect(readDomain(host, "guest")).toContain(">262144</memory>");
    expect(guest.output("attached")).toEqual([NIC]);
    await inRun((run) => guest.destroy(run));
    expect(areCanonicallyEqual(readDomain(host, "guest"), bigger)).toBe(true);
  });
});
