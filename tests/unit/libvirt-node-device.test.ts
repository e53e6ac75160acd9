import { describe, expect, it } from "@jest/globals";
import { parseNodeDevice } from "../../provider/src/model/libvirt/node-device";
import { XmlError } from "../../provider/src/model/libvirt/xml-grammar";

const NIC = `<device>
  <name>pci_0000_0a_00_1</name>
  <parent>pci_0000_00_1c_0</parent>
  <driver>
    <name>e1000e</name>
  </driver>
  <capability type='pci'>
    <class>0x020000</class>
    <domain>0</domain>
    <bus>10</bus>
    <slot>0</slot>
    <function>1</function>
    <product id='0x10D3'>82574L</product>
    <vendor id='0x8086'>Intel Corporation</vendor>
    <capability type='virt_functions' maxCount='7'/>
    <iommuGroup number='15'>
      <address domain='0x0000' bus='0x0a' slot='0x00' function='0x0'/>
      <address domain='0x0000' bus='0x0a' slot='0x00' function='0x1'/>
    </iommuGroup>
  </capability>
</device>`;

const CORE = "<domain>0</domain><bus>0</bus><slot>28</slot><function>0</function><product id='0x2'/><vendor id='0x1'/>";

function deviceWith(inner: string): string {
  return `<device><name>pci_0000_00_1c_0</name><capability type='pci'>${inner}</capability></device>`;
}

describe("parseNodeDevice", () => {
  it("reads a function with its driver and group", () => {
    expect(parseNodeDevice(NIC)).toEqual({
      name: "pci_0000_0a_00_1",
      address: "0000:0a:00.1",
      vendor: "8086",
      product: "10d3",
      class: "020000",
      driver: "e1000e",
      iommuGroup: 15,
      isBridge: false,
      groupMembers: ["0000:0a:00.0", "0000:0a:00.1"],
    });
  });

  it("leaves out what an unbound function of a host without IOMMU does not have", () => {
    expect(parseNodeDevice(deviceWith(CORE))).toEqual({
      name: "pci_0000_00_1c_0",
      address: "0000:00:1c.0",
      vendor: "0001",
      product: "0002",
      isBridge: false,
      groupMembers: [],
    });
  });

  it.each([
    ["a pci-bridge capability", `${CORE}<capability type='pci-bridge'/>`, true],
    ["a cardbus-bridge capability", `${CORE}<capability type='cardbus-bridge'/>`, true],
    ["the class of a PCI bridge alone", `<class>0x060400</class>${CORE}`, true],
    ["the class of a host bridge", `<class>0x060000</class>${CORE}`, false],
    ["virtual functions", `${CORE}<capability type='virt_functions'/>`, false],
  ])("tells a bridge by %s", (_what, inner, expected) => {
    expect(parseNodeDevice(deviceWith(inner)).isBridge).toBe(expected);
  });

  it("reads the numbers of the address as decimal whatever they begin with", () => {
    expect(parseNodeDevice(deviceWith(CORE.replace("<bus>0<", "<bus>010<"))).address).toBe("0000:0a:1c.0");
  });

  it.each([
    ["a network interface", "<device><name>net_x</name><capability type='net'/></device>"],
    ["a domain", "<domain><name>g</name></domain>"],
    ["a bus out of range", NIC.replace("<bus>10<", "<bus>4294967295<")],
    ["a slot out of range", NIC.replace("<slot>0<", "<slot>32<")],
    ["a function out of range", NIC.replace("<function>1<", "<function>8<")],
    ["a number in hexadecimal", NIC.replace("<bus>10<", "<bus>0x0a<")],
    ["no slot", NIC.replace("<slot>0</slot>", "")],
    ["no vendor", NIC.replace(/<vendor.*vendor>/, "")],
    ["a vendor that is no number", NIC.replace("0x8086", "Intel")],
    ["a class of too many digits", NIC.replace("0x020000", "0x10200000")],
    ["no name", NIC.replace("<name>pci_0000_0a_00_1</name>", "")],
    ["a group without number", NIC.replace(" number='15'", "")],
    ["a group member out of range", NIC.replace("slot='0x00' function='0x0'", "slot='0x20' function='0x0'")],
    ["half a document", NIC.slice(0, -10)],
  ])("refuses %s", (_what, xml) => {
    expect(() => parseNodeDevice(xml)).toThrow(XmlError);
  });
});
