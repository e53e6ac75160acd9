import { joinPciAddress } from "../pci/address";
import type { PciAddress } from "../pci/address";
import { parseAddress, parseNumber } from "./address-xml";
import type { XmlElement } from "./xml";
import { parseXml } from "./xml";
import { XmlError } from "./xml-grammar";
import { attributeOf, childElements, firstChild, textOf } from "./xml-query";

/** A PCI function as libvirt describes it. Ids and class are lower-case hexadecimal without `0x`. */
export interface NodeDevice {
  /** `pci_0000_01_00_0`. */
  readonly name: string;
  readonly address: PciAddress;
  readonly vendor: string;
  readonly product: string;
  /** Six digits; libvirt tells it from 5.2 on. */
  readonly class?: string;
  readonly driver?: string;
  readonly iommuGroup?: number;
  /** True for PCI and CardBus bridges, which libvirt assigns to no guest. */
  readonly isBridge: boolean;
  /** Functions of the group, this one among them. */
  readonly groupMembers: readonly PciAddress[];
}

const BRIDGE_CAPABILITIES: ReadonlySet<string> = new Set(["pci-bridge", "cardbus-bridge"]);
/** Base class and subclass of PCI-to-PCI and CardBus bridges; libvirt before 1.3.3 gives no bridge capability. */
const BRIDGE_CLASS = /^060[47]/;

/** Reads `virsh nodedev-dumpxml`; throws an XmlError for a device that is not PCI or has numbers that none can have. */
export function parseNodeDevice(xml: string): NodeDevice {
  const device = parseXml(xml);
  const pci = childElements(device, "capability").filter((capability) => attributeOf(capability, "type") === "pci");
  const [capability] = pci;
  if (device.name !== "device" || capability === undefined || pci.length > 1) throw new XmlError("not a PCI device");
  const classCode = parseClass(textOf(firstChild(capability, "class")));
  const driver = textOf(firstChild(firstChild(device, "driver"), "name"));
  return {
    name: requireText(textOf(firstChild(device, "name")), "name"),
    address: readOwnAddress(capability),
    vendor: parseId(capability, "vendor"),
    product: parseId(capability, "product"),
    ...(classCode === undefined ? {} : { class: classCode }),
    ...(driver === undefined ? {} : { driver }),
    ...parseGroup(firstChild(capability, "iommuGroup")),
    isBridge: hasBridgeCapability(capability) || BRIDGE_CLASS.test(classCode ?? ""),
  };
}

function readOwnAddress(capability: XmlElement): PciAddress {
  const parts = {
    domain: readDecimal(capability, "domain"),
    bus: readDecimal(capability, "bus"),
    slot: readDecimal(capability, "slot"),
    function: readDecimal(capability, "function"),
  };
  try {
    return joinPciAddress(parts);
  } catch (error) {
    throw new XmlError(error instanceof Error ? error.message : String(error));
  }
}

/** Decimal whatever it begins with, unlike the numbers in addresses. */
function readDecimal(capability: XmlElement, name: string): number {
  const text = requireText(textOf(firstChild(capability, name)), name);
  if (!/^\d+$/.test(text)) throw new XmlError(`<${name}> is ${JSON.stringify(text)}, not a decimal number`);
  return parseInt(text, 10);
}

function parseGroup(group: XmlElement | undefined): Pick<NodeDevice, "iommuGroup" | "groupMembers"> {
  if (group === undefined) return { groupMembers: [] };
  const groupMembers = childElements(group, "address").map((element) => {
    const address = parseAddress(element);
    if (address === undefined) throw new XmlError("the IOMMU group has a member with an address out of range");
    return address;
  });
  return { iommuGroup: parseNumber(requireText(attributeOf(group, "number"), "iommuGroup number")), groupMembers };
}

function hasBridgeCapability(capability: XmlElement): boolean {
  return childElements(capability, "capability").some((inner) =>
    BRIDGE_CAPABILITIES.has(attributeOf(inner, "type") ?? ""),
  );
}

function parseId(capability: XmlElement, name: string): string {
  const id = parseHex(requireText(attributeOf(firstChild(capability, name), "id"), `${name} id`), 4);
  if (id === undefined) throw new XmlError(`the ${name} id is not a number of four hexadecimal digits`);
  return id;
}

function parseClass(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const code = parseHex(text, 6);
  if (code === undefined) throw new XmlError(`the class ${JSON.stringify(text)} is not six hexadecimal digits`);
  return code;
}

function parseHex(text: string, width: number): string | undefined {
  const [, digits] = /^(?:0x)?([0-9a-f]+)$/i.exec(text.trim()) ?? [];
  return digits === undefined || digits.length > width ? undefined : digits.toLowerCase().padStart(width, "0");
}

function requireText(text: string | undefined, what: string): string {
  if (text === undefined) throw new XmlError(`the device has no ${what}`);
  return text;
}
