import type { PciAddress } from "../pci/address";
import { parseAddress, parseOptionalNumber } from "./address-xml";
import type { Hostdev } from "./hostdev";
import { parseHostdev } from "./hostdev";
import type { XmlElement } from "./xml";
import { parseXml } from "./xml";
import { XmlError } from "./xml-grammar";
import { attributeOf, childElements, firstChild, textOf } from "./xml-query";

/** A domain as far as passthrough is concerned. */
export interface Domain {
  readonly name: string;
  readonly uuid?: string;
  /** Such as `pc-q35-7.2`. */
  readonly machine?: string;
  /** Its PCI hostdevs; other kinds are left out. */
  readonly hostdevs: readonly Hostdev[];
  /** Every element through which it takes a PCI function of the host, the hostdevs among them. */
  readonly claims: readonly PciClaim[];
  readonly controllers: readonly Controller[];
}

/** A PCI function of the host that a domain takes, and the kind of element that says so. */
export interface PciClaim {
  readonly address: PciAddress;
  readonly element: "hostdev" | "interface" | "disk";
}

export interface Controller {
  readonly type: string;
  readonly index?: number;
  readonly model?: string;
}

/** Documents of libvirt that carry a domain in a child of their root. */
const CONTAINERS: ReadonlySet<string> = new Set(["domainsnapshot", "domaincheckpoint", "domstatus"]);

/** Reads a domain; throws an XmlError for anything else. */
export function parseDomain(xml: string): Domain {
  const domain = findDomain(parseXml(xml));
  const uuid = textOf(firstChild(domain, "uuid"));
  const machine = attributeOf(firstChild(firstChild(domain, "os"), "type"), "machine");
  const devices = listDevices(domain);
  return {
    name: nameOf(domain),
    ...(uuid === undefined ? {} : { uuid }),
    ...(machine === undefined ? {} : { machine }),
    hostdevs: devices
      .filter((device) => device.name === "hostdev")
      .flatMap((element) => parseHostdev(xml, element) ?? []),
    claims: devices.flatMap((element) => parseClaim(xml, element) ?? []),
    controllers: devices.filter((device) => device.name === "controller").map(parseController),
  };
}

/** Reads only the name of a domain; throws an XmlError for anything else. */
export function readDomainName(xml: string): string {
  return nameOf(findDomain(parseXml(xml)));
}

function nameOf(domain: XmlElement): string {
  const name = textOf(firstChild(domain, "name"));
  if (name === undefined) throw new XmlError("the domain has no name");
  return name;
}

/** The `<domain>` of a document: its root, or what a snapshot, checkpoint or status file carries. */
export function findDomain(root: XmlElement): XmlElement {
  if (root.name === "domain") return root;
  const inner = CONTAINERS.has(root.name) ? firstChild(root, "domain") : undefined;
  if (inner === undefined) throw new XmlError(`<${root.name}> is not a domain`);
  return inner;
}

/** The devices of a domain in their order. */
export function listDevices(domain: XmlElement): XmlElement[] {
  return childElements(domain, "devices").flatMap((devices) => childElements(devices));
}

/** The PCI function that a device takes from the host, if it does. */
export function parseClaim(xml: string, device: XmlElement): PciClaim | undefined {
  if (device.name === "hostdev") {
    const hostdev = parseHostdev(xml, device);
    return hostdev === undefined ? undefined : { address: hostdev.source, element: "hostdev" };
  }
  const source = firstChild(device, "source");
  const address = firstChild(source, "address");
  if (address === undefined) return undefined;
  const type = attributeOf(device, "type");
  const isNetwork = device.name === "interface" && type === "hostdev" && attributeOf(address, "type") === "pci";
  const isDisk = device.name === "disk" && type === "nvme";
  const claimed = isNetwork || isDisk ? parseAddress(address) : undefined;
  return claimed === undefined ? undefined : { address: claimed, element: isDisk ? "disk" : "interface" };
}

/** Reads a `<controller>`. */
export function parseController(element: XmlElement): Controller {
  const index = parseOptionalNumber(attributeOf(element, "index"));
  const model = attributeOf(element, "model");
  return {
    type: attributeOf(element, "type") ?? "",
    ...(index === undefined ? {} : { index }),
    ...(model === undefined ? {} : { model }),
  };
}
