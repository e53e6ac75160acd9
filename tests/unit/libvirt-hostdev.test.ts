import { describe, expect, it } from "@jest/globals";
import type { HostdevSpec } from "../../provider/src/model/libvirt/hostdev-spec";
import { hostdevAlias, isOurs, isSatisfied, renderHostdev } from "../../provider/src/model/libvirt/hostdev";
import { parseDomain } from "../../provider/src/model/libvirt/domain-xml";
import { XmlError } from "../../provider/src/model/libvirt/xml-grammar";
import { PciAddress } from "../../provider/src/model/pci/address";

const gpu = PciAddress.parse("0000:0a:12.5");
const layout = { newline: "\n", indent: "", unit: "  " };

function hostdevsOf(...elements: string[]): ReturnType<typeof parseDomain>["hostdevs"] {
  return parseDomain(`<domain><name>g</name><devices>${elements.join("")}</devices></domain>`).hostdevs;
}

describe("renderHostdev", () => {
  it("writes libvirt's order and quotes", () => {
    const spec: HostdevSpec = {
      address: gpu,
      managed: false,
      driverModel: "mlx5_vfio_pci",
      bootOrder: 2,
      rom: { enabled: true, bar: false, file: "/roms/a&b's.rom" },
      guestAddress: { address: PciAddress.parse("0000:05:00.0"), multifunction: true },
    };

    expect(renderHostdev(spec, layout)).toBe(
      [
        "<hostdev mode='subsystem' type='pci' managed='no'>",
        "  <driver name='vfio' model='mlx5_vfio_pci'/>",
        "  <source>",
        "    <address domain='0x0000' bus='0x0a' slot='0x12' function='0x5'/>",
        "  </source>",
        "  <boot order='2'/>",
        "  <alias name='ua-passthrough-0000-0a-12-5'/>",
        "  <rom enabled='yes' bar='off' file='/roms/a&amp;b&apos;s.rom'/>",
        "  <address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0' multifunction='on'/>",
        "</hostdev>",
      ].join("\n"),
    );
  });

  it("is managed unless told otherwise, and fits on one line", () => {
    expect(renderHostdev({ address: gpu }, { newline: "", indent: "", unit: "" })).toBe(
      "<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio'/><source>" +
        "<address domain='0x0000' bus='0x0a' slot='0x12' function='0x5'/></source>" +
        "<alias name='ua-passthrough-0000-0a-12-5'/></hostdev>",
    );
  });

  it("writes what it reads", () => {
    const spec: HostdevSpec = {
      address: gpu,
      driverModel: "x",
      bootOrder: 1,
      rom: { bar: true, file: "<'\"&>" },
      guestAddress: { address: PciAddress.parse("0000:05:1f.7"), multifunction: false },
    };
    const xml = renderHostdev(spec, layout);

    expect(hostdevsOf(xml)).toEqual([
      {
        source: gpu,
        managed: true,
        alias: hostdevAlias(gpu),
        driverName: "vfio",
        driverModel: "x",
        bootOrder: 1,
        rom: { bar: true, file: "<'\"&>" },
        guestAddress: spec.guestAddress,
        xml,
      },
    ]);
  });
});

describe("reading a hostdev", () => {
  it.each([
    ["hexadecimal", "domain='0x0000' bus='0x0a' slot='0x12' function='0x5'", "0000:0a:12.5"],
    ["capitals", "bus='0X0A' slot='18' function='5'", "0000:0a:12.5"],
    ["decimal", "domain='1' bus='222' slot='31' function='7'", "0001:de:1f.7"],
    ["octal", "bus='010' slot='017'", "0000:08:0f.0"],
    ["parts left out", "bus='1'", "0000:01:00.0"],
  ])("takes %s numbers as libvirt does", (_what, attributes, expected) => {
    const xml = `<hostdev type='pci'><source><address ${attributes}/></source></hostdev>`;

    expect(hostdevsOf(xml)).toEqual([{ source: expected, managed: false, xml }]);
  });

  it.each(["0x", "1f", "08", "-1", "1 ", "", "1.0"])("refuses %p for a number", (bus) => {
    expect(() => hostdevsOf(`<hostdev type='pci'><source><address bus='${bus}'/></source></hostdev>`)).toThrow(
      XmlError,
    );
  });

  it.each([
    ["USB", "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>"],
    ["mediated", "<hostdev mode='subsystem' type='mdev'><source><address uuid='x'/></source></hostdev>"],
    ["a domain wider than ours", "<hostdev type='pci'><source><address domain='0x10000' bus='1'/></source></hostdev>"],
    ["no source", "<hostdev type='pci'><address type='pci' bus='1' slot='2'/></hostdev>"],
  ])("passes over a device that cannot be ours: %s", (_what, xml) => {
    expect(hostdevsOf(xml)).toEqual([]);
  });
});

describe("isSatisfied", () => {
  const normal = `<hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='0x0000' bus='0x0a' slot='0x12' function='0x5'/></source>
      <teaming type='persistent'/><acpi index='3'/>
      <rom bar='on'/><boot order='1'/>
      <address type='pci' domain='0x0000' bus='0x06' slot='0x00' function='0x0'/></hostdev>`;
  const addedByLibvirt = PciAddress.parse("0000:06:00.0");

  it.each<[string, HostdevSpec]>([
    ["what libvirt added and others wrote", { address: gpu }],
    ["the same boot order", { address: gpu, bootOrder: 1 }],
    ["the same ROM", { address: gpu, rom: { bar: true } }],
    ["the same guest address", { address: gpu, guestAddress: { address: addedByLibvirt } }],
    [
      "multifunction left at its default",
      { address: gpu, guestAddress: { address: addedByLibvirt, multifunction: false } },
    ],
  ])("takes %s for no drift", (_what, spec) => {
    expect(hostdevsOf(normal).map((hostdev) => isSatisfied(spec, hostdev))).toEqual([true]);
  });

  it.each<[string, HostdevSpec]>([
    ["another source", { address: addedByLibvirt }],
    ["managed", { address: gpu, managed: false }],
    ["the driver model", { address: gpu, driverModel: "m" }],
    ["the boot order", { address: gpu, bootOrder: 2 }],
    ["the ROM's file", { address: gpu, rom: { file: "/r" } }],
    ["the guest address", { address: gpu, guestAddress: { address: gpu } }],
    ["multifunction", { address: gpu, guestAddress: { address: addedByLibvirt, multifunction: true } }],
  ])("sees drift in %s", (_what, spec) => {
    expect(hostdevsOf(normal).map((hostdev) => isSatisfied(spec, hostdev))).toEqual([false]);
  });

  it.each([
    ["yes", true],
    ["YES", false],
    ["1", false],
    ["no", false],
  ])("reads managed=%p as libvirt does", (word, expected) => {
    const xml = normal.replace("managed='yes'", `managed='${word}'`);

    expect(hostdevsOf(xml).map((hostdev) => isSatisfied({ address: gpu }, hostdev))).toEqual([expected]);
  });

  it("sees drift in a driver that is not VFIO", () => {
    const xml = normal.replace("<source>", "<driver name='xen'/><source>");

    expect(hostdevsOf(xml).map((hostdev) => isSatisfied({ address: gpu }, hostdev))).toEqual([false]);
  });
});

describe("isOurs", () => {
  it.each([
    ["our alias", "<alias name='ua-passthrough-0000-0a-12-5'/>", true],
    ["the alias of another address", "<alias name='ua-passthrough-0000-0a-12-4'/>", false],
    ["a user's alias", "<alias name='ua-gpu0'/>", false],
    ["no alias", "", false],
  ])("judges by the alias: %s", (_what, alias, expected) => {
    const xml = `<hostdev type='pci'><source><address bus='10' slot='18' function='5'/></source>${alias}</hostdev>`;

    expect(hostdevsOf(xml).map(isOurs)).toEqual([expected]);
  });
});
