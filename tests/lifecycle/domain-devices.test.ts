import { beforeEach, describe, expect, it } from "@jest/globals";
import { machines, type Machine, type SimulatedHost } from "pulumi-passthrough/testing";
import { areCanonicallyEqual } from "../../provider/src/model/libvirt/canonical";
import { GUEST } from "../../provider/src/testing/machines/domains";
import { inRun, Resource, type Operation, type Values } from "./driver";
import { expectNoWrites, readDomain, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const CARD = ["0000:01:00.0", "0000:01:00.1"] as const;
const OPEN = GUEST.replace("<boot dev='hd'/>", "");
/** Root ports that nothing sits on, for devices that come while the guest runs. */
const PORTS = [1, 2]
  .map(
    (index) =>
      `<controller type='pci' index='${index}' model='pcie-root-port'><address type='pci' bus='0' slot='${index + 8}'/></controller>`,
  )
  .join("");
const WITH_PORTS = OPEN.replace("<serial", `${PORTS}<serial`);

/** The lab machine, whose network card has a second function. */
const TWO_PORT_CARD: Machine = {
  ...machines["debian-grub-iommu-on"],
  functions: machines["debian-grub-iommu-on"].functions.flatMap((one) =>
    one.address === NIC ? [one, { ...one, address: CARD[1], group: 9 }] : [one],
  ),
};

let host: SimulatedHost;
let guest: Resource;

async function begin(domain: string, machine: Machine = TWO_PORT_CARD): Promise<void> {
  host = await start({ machine, domains: [domain] });
  guest = new Resource("DomainHostdev");
}

function up(more: Values = {}): Promise<Operation> {
  return inRun((run) => guest.up(run, { host: host.connection, domain: "guest", devices: [NIC], ...more }));
}

function steps(): unknown {
  return (guest.output("plan") as { steps: unknown }).steps;
}

function elements(form: { live?: boolean } = {}): string[] {
  return host.domainXml("guest", form).match(/<hostdev [^]*?<\/hostdev>/g) ?? [];
}

describe("options of a device", () => {
  beforeEach(() => begin(OPEN));

  it("stand in its element, are no drift, and go when they are no longer declared", async () => {
    const device = { address: NIC, bootOrder: 1, rom: { bar: false }, acpiIndex: 7, guestAddress: "0000:04:00.0" };
    await up({ devices: [device] });

    const [element = ""] = elements();
    expect(element).toContain("<boot order='1'/>");
    expect(element).toContain("<rom bar='off'/>");
    expect(element).toContain("<acpi index='7'/>");
    expect(element).toContain("bus='0x04' slot='0x00' function='0x0'/>");
    expect(await expectNoWrites(host, () => up({ devices: [device] }))).toBe("same");

    expect(await up({ devices: [{ address: NIC, managed: false }] })).toBe("update");
    const [rest = ""] = elements();
    expect(rest).toContain("managed='no'");
    expect(rest).not.toMatch(/<boot|<rom|<acpi/);
    expect(rest).toContain("bus='0x04'");
  });

  it("come to a member of a group, whose other members are left out of the state", async () => {
    await up({ devices: [{ address: NIC, id: "8086:10d3", class: "x", previousDriver: "e1000e", bootOrder: 2 }] });

    expect(guest.output("devices")).toEqual([{ address: NIC, bootOrder: 2 }]);
    await up({ devices: [{ address: NIC, id: "8086:10d3", class: "x", previousDriver: "e1000e" }] });
    expect(guest.output("devices")).toEqual([NIC]);
  });

  it("keep what newer versions and other people put into the element", async () => {
    await up();
    host.defineDomain(
      readDomain(host, "guest").replace(
        "<driver name='vfio'/>",
        "<driver name='vfio' iommufd='yes'/><teaming type='transient' persistent='ua-x'/>",
      ),
    );
    expect(await up()).toBe("same");

    await up({ devices: [{ address: NIC, bootOrder: 1 }] });

    expect(elements()[0]).toContain("iommufd='yes'");
    expect(elements()[0]).toContain("<teaming type='transient' persistent='ua-x'/>");
    expect(elements()[0]).toContain("<boot order='1'/>");
  });

  it.each<[Values, RegExp]>([
    [{ address: NIC, bootOrder: 0 }, /devices\[0\]/],
    [{ address: NIC, acpiIndex: 16384 }, /devices\[0\]/],
    [{ address: NIC, managed: "yes" }, /managed: /],
    [{ address: NIC, rom: { file: "relative.rom" } }, /expected the absolute path of a file on the host/],
    [{ address: NIC, rom: { enabled: false, bar: true } }, /a ROM that is not enabled has neither bar nor file/],
    [{ address: NIC, guestAddress: "0001:04:00.0" }, /libvirt gives guests no PCI domain but 0000/],
    [
      { address: NIC, driverModel: "mlx5_vfio_pci" },
      /driverModel needs libvirt 10\.0\.0 or newer, and the host has 9\.0\.0/,
    ],
    [{ address: NIC, guestAddress: "0000:00:03.0" }, /0000:00:03\.0 in guest is taken by its memballoon/],
  ])("are refused when they cannot be: %j", async (device, message) => {
    await expect(up({ devices: [device] })).rejects.toThrow(message);
  });

  it("do not start a change when the ROM's file is missing", async () => {
    const device = { address: NIC, rom: { file: "/usr/share/gpu.rom" } };
    const before = readDomain(host, "guest");

    await expect(up({ devices: [device] })).rejects.toThrow(
      /the host has no file \/usr\/share\/gpu\.rom, or it is empty/,
    );

    expect(readDomain(host, "guest")).toBe(before);
    host.writeFile("/usr/share/gpu.rom", "rom");
    await up({ devices: [device] });
    expect(elements()[0]).toContain("<rom file='/usr/share/gpu.rom'/>");
  });

  it("leave the order of booting to <os> where that has one", async () => {
    await begin(GUEST);

    await expect(up({ devices: [{ address: NIC, bootOrder: 1 }] })).rejects.toThrow(
      /bootOrder cannot be combined with <boot dev=…> in <os> of guest/,
    );
  });
});

describe("multifunction", () => {
  it.each([
    ["q35", OPEN, "bus='0x01' slot='0x00'"],
    ["i440fx", OPEN.replace("pc-q35-7.2", "pc-i440fx-7.2").replace("pcie-root", "pci-root"), "bus='0x00' slot='0x04'"],
  ])("puts a card into one slot of the guest on %s, and takes it apart again", async (_machine, domain, slot) => {
    await begin(domain);
    const before = readDomain(host, "guest");
    await up({ devices: [...CARD].reverse(), multifunction: true });

    expect(
      elements()
        .map((element) => /<address type='pci' [^>]*>/.exec(element)?.[0])
        .sort(),
    ).toEqual([
      `<address type='pci' domain='0x0000' ${slot} function='0x0' multifunction='on'/>`,
      `<address type='pci' domain='0x0000' ${slot} function='0x1'/>`,
    ]);
    expect(await expectNoWrites(host, () => up({ devices: [...CARD].reverse(), multifunction: true }))).toBe("same");

    await up({ devices: CARD });
    expect(elements().join("")).not.toContain("multifunction");
    await inRun((run) => guest.destroy(run));
    expect(areCanonicallyEqual(readDomain(host, "guest"), before)).toBe(true);
  });

  it("moves the functions that are there already", async () => {
    await begin(OPEN);
    await up({ devices: CARD });

    expect(await up({ devices: CARD, multifunction: true })).toBe("update");

    expect(
      new Set(elements().map((element) => /type='pci' domain='0x0000' (bus='\w+' slot='\w+')/.exec(element)?.[1])).size,
    ).toBe(1);
  });
});

describe("apply", () => {
  beforeEach(async () => {
    await begin(WITH_PORTS);
    host.startDomain("guest");
  });

  it("both gives the running domain its device at once, and delete takes it back", async () => {
    await up({ apply: "both" });

    expect(steps()).toEqual([`add hostdev ${NIC} to guest`, `give ${NIC} to the running guest`]);
    expect([elements().length, elements({ live: true }).length]).toEqual([1, 1]);
    expect(guest.output("restartRequired")).toBe(false);
    expect(host.driverOf(NIC)).toBe("vfio-pci");
    expect(await expectNoWrites(host, () => up({ apply: "both" }))).toBe("same");

    host.delayUnplug("guest", 700);
    await inRun((run) => guest.destroy(run));
    expect([elements().length, elements({ live: true }).length]).toEqual([0, 0]);
    expect(host.driverOf(NIC)).toBe("e1000e");
  });

  it("live changes nothing but the running domain", async () => {
    const stored = readDomain(host, "guest");
    await up({ apply: "live" });

    expect(readDomain(host, "guest")).toBe(stored);
    expect(guest.output("attached")).toEqual([NIC]);
    expect(await up({ apply: "live" })).toBe("same");
    host.stopDomain("guest");
    await expect(up({ apply: "live" })).rejects.toThrow(
      /apply: .*guest does not run, so it has no running form to change/,
    );
  });

  it("auto changes the configuration where no port is free, and says why", async () => {
    await begin(OPEN);
    host.startDomain("guest");

    await up({ apply: "auto" });

    expect(steps()).toEqual([
      `add hostdev ${NIC} to guest`,
      "the running domain guest sees this when it is started again, since it has 0 free PCIe root ports and needs 1, and ports cannot be added while it runs",
    ]);
    expect(guest.output("restartRequired")).toBe(true);
    await expect(up({ apply: "both" })).rejects.toThrow(/apply: .*0 free PCIe root ports and needs 1/);
    await up({ apply: "auto", restart: "ifRequired" });
    expect(elements({ live: true })).toHaveLength(1);
  });

  it("takes everything back when the running domain does not get its device", async () => {
    const stored = readDomain(host, "guest");
    host.faults.failTool("virsh", { words: ["attach-device", "--live"], stderr: "error: no\n" });

    await expect(up({ apply: "both" })).rejects.toThrow(
      /step "attach-live hostdev-0000:01:00.0" failed: virsh attach-device: error: no/,
    );

    expect(readDomain(host, "guest")).toBe(stored);
  });

  it("both takes out of the running domain what is no longer declared", async () => {
    await up({ apply: "both", devices: CARD });
    host.delayUnplug("guest", 300);
    await up({ apply: "both", devices: [NIC] });

    expect(elements({ live: true })).toHaveLength(1);
  });
});
