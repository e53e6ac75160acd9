import type { PciBus } from "../kernel/pci-bus";
import type { Machine } from "../machine";
import { devicePathOf, isBridge } from "../root/pci-tree";
import { renderHex } from "./hex";
import type { XmlElement } from "./xml";
import { createElement } from "./xml";

/** libvirt's name of a PCI function. */
export function nodeName(address: string): string {
  return `pci_${address.replace(/[:.]/g, "_")}`;
}

/** The address behind a name, `0000:01:00.0`; undefined for names of another form. */
export function parseNodeName(name: string): string | undefined {
  const match = /^pci_([0-9a-f]{4})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])$/.exec(name);
  return match === null ? undefined : `${match[1] ?? ""}:${match[2] ?? ""}:${match[3] ?? ""}.${match[4] ?? ""}`;
}

function leaf(name: string, text: string | number, attributes: Iterable<readonly [string, string]> = []): XmlElement {
  return { ...createElement(name, attributes), text: String(text) };
}

function numbersOf(address: string): { domain: number; bus: number; slot: number; function: number } {
  const [domain = 0, bus = 0, slot = 0, fn = 0] = address.split(/[:.]/).map((part) => parseInt(part, 16));
  return { domain, bus, slot, function: fn };
}

/** What `nodedev-dumpxml` shows of a function: numbers in decimal, ids in hexadecimal, the group with all its members. */
export function describeNodeDevice(machine: Machine, bus: PciBus, address: string): XmlElement {
  const found = bus.find(address);
  const [vendor = "", product = ""] = (found?.id ?? "").split(":");
  const capability = createElement(
    "capability",
    [["type", "pci"]],
    [
      leaf("class", `0x${found?.class ?? ""}`),
      ...Object.entries(numbersOf(address)).map(([name, value]) => leaf(name, value)),
      createElement("product", [["id", `0x${product}`]]),
      createElement("vendor", [["id", `0x${vendor}`]]),
    ],
  );
  if (found !== undefined && isBridge(found))
    capability.children.push(createElement("capability", [["type", "pci-bridge"]]));
  const group = bus.groupOf(address);
  if (group !== undefined)
    capability.children.push(
      createElement("iommuGroup", [["number", String(group)]], bus.membersOf(group).map(renderMember)),
    );
  const driver = bus.driverOf(address);
  return createElement(
    "device",
    [],
    [
      leaf("name", nodeName(address)),
      leaf("path", devicePathOf(machine, address)),
      leaf("parent", found?.parent === undefined ? "computer" : nodeName(found.parent)),
      ...(driver === undefined ? [] : [createElement("driver", [], [leaf("name", driver)])]),
      capability,
    ],
  );
}

function renderMember(address: string): XmlElement {
  const { domain, bus, slot, function: fn } = numbersOf(address);
  return createElement("address", [
    ["domain", renderHex(domain, 4)],
    ["bus", renderHex(bus, 2)],
    ["slot", renderHex(slot, 2)],
    ["function", renderHex(fn, 1)],
  ]);
}
