import { describe, expect, it } from "@jest/globals";
import { parseDomain, readDomainName } from "../../provider/src/model/libvirt/domain-xml";
import { addedControllers, controllersInUse, redundantControllers } from "../../provider/src/model/libvirt/controllers";
import { XmlError } from "../../provider/src/model/libvirt/xml-grammar";

describe("parseDomain", () => {
  it("reads what passthrough needs", () => {
    const hostdev = "<hostdev type='pci' managed='yes'><source><address bus='0x01'/></source></hostdev>";
    const xml = `<domain type='kvm'>
      <name>win &amp; co</name><uuid>6f1c</uuid>
      <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
      <devices>
        <disk type='nvme'><source type='pci' namespace='1'><address domain='0' bus='0x02'/></source></disk>
        <disk type='file'><source file='/d'/><address type='drive' bus='7'/></disk>
        <controller type='pci' index='0x1' model='pcie-root-port'/><controller type='usb'/>
        <interface type='hostdev'><source><address type='pci' bus='3' function='1'/></source></interface>
        <interface type='network'><source network='n'/><address type='pci' bus='4'/></interface>
        ${hostdev}
      </devices></domain>`;

    expect(parseDomain(xml)).toEqual({
      name: "win & co",
      uuid: "6f1c",
      machine: "pc-q35-7.2",
      hostdevs: [{ source: "0000:01:00.0", managed: true, xml: hostdev }],
      claims: [
        { address: "0000:02:00.0", element: "disk" },
        { address: "0000:03:00.1", element: "interface" },
        { address: "0000:01:00.0", element: "hostdev" },
      ],
      controllers: [{ type: "pci", index: 1, model: "pcie-root-port" }, { type: "usb" }],
    });
  });

  it("reads the domain that a snapshot carries", () => {
    const xml = "<domainsnapshot><name>s</name><domain><name>g</name></domain></domainsnapshot>";

    expect(parseDomain(xml)).toEqual({ name: "g", hostdevs: [], claims: [], controllers: [] });
    expect(readDomainName(xml)).toBe("g");
  });

  it.each([
    "<network><name>n</name></network>",
    "<domain/>",
    "<domainCapabilities><domain>kvm</domain></domainCapabilities>",
  ])("refuses %s", (xml) => {
    expect(() => parseDomain(xml)).toThrow(XmlError);
  });
});

function port(index: number, slot: number, bus = 0): string {
  const address = `<address type='pci' domain='0x0000' bus='0x0${bus}' slot='0x0${slot}' function='0x0'/>`;
  return `<controller type='pci' index='${index}' model='pcie-root-port'>${address}</controller>`;
}

function deviceOn(bus: number): string {
  return `<sound><address type='pci' domain='0x0000' bus='0x0${bus}' slot='0x00' function='0x0'/></sound>`;
}

function domainWith(...devices: string[]): string {
  return `<domain><name>g</name><devices><controller type='pci' index='0' model='pcie-root'/>${devices.join("")}</devices></domain>`;
}

describe("controllers that libvirt adds", () => {
  it("are those whose index was not there before", () => {
    const before = domainWith(port(1, 1));
    const after = domainWith(port(3, 3), "<controller type='usb' index='9'/>", port(2, 2), port(1, 1));

    expect(addedControllers(before, after)).toEqual([
      { index: 2, model: "pcie-root-port", xml: port(2, 2) },
      { index: 3, model: "pcie-root-port", xml: port(3, 3) },
    ]);
  });

  it("are in use when a guest address names their bus, not when a source address does", () => {
    const nested = port(3, 0, 2);
    const hostdev = "<hostdev type='pci'><source><address type='pci' bus='0x05'/></source></hostdev>";

    expect(controllersInUse(domainWith(port(1, 1), port(2, 2), nested, deviceOn(1), hostdev))).toEqual(
      new Set([0, 1, 2]),
    );
  });
});

describe("redundantControllers", () => {
  const ours = [2, 3, 4].map((index) => ({ index, model: "pcie-root-port" }));

  it.each([
    ["all of ours, highest first", [port(1, 1), port(2, 2), port(3, 3), port(4, 4)], [4, 3, 2]],
    ["down to one that is in use", [port(2, 2), port(3, 3), port(4, 4), deviceOn(3)], [4]],
    ["none below one in use", [port(2, 2), port(3, 3), port(4, 4), deviceOn(4)], []],
    ["none below one of the user", [port(2, 2), port(3, 3), port(5, 5)], []],
    ["one that only another of ours sat on", [port(3, 3), port(4, 0, 3)], [4, 3]],
    ["none that became another model", [port(4, 4).replace("root-port", "to-pci-bridge")], []],
    ["none where none of ours is left", [port(1, 1)], []],
  ])("gives %s", (_what, devices, expected) => {
    expect(redundantControllers(domainWith(...devices), ours).map((controller) => controller.index)).toEqual(expected);
  });
});
