import { devicesOf, hostdevsOf, normalizeDomain, parseDocument } from "./domain-xml";
import { LibvirtError } from "./error";
import { normalizeHostdev, sourceOf } from "./hostdev";
import type { IsConventional } from "./place-devices";
import type { XmlElement } from "./xml";
import { childOf, copyElement, renderXml } from "./xml";

const KINDS = ["device", "hostdev", "disk", "interface", "controller", "serial", "channel", "input", "video", "rng"];

/** A copy of a domain with one more device; the source address alone says whether it is there already. */
export function attachDevice(
  domain: XmlElement,
  xml: string,
  form: "config" | "live",
  isConventional: IsConventional,
): XmlElement {
  const device = readDevice(xml);
  const changed = copyElement(domain);
  const source = sourceOf(device);
  if (source !== undefined && hostdevsOf(changed).some((one) => one.source === source)) {
    throw new LibvirtError(
      form === "config"
        ? "Requested operation is not valid: device is already in the domain configuration"
        : `operation failed: target pci:${source} already exists`,
    );
  }
  devicesOf(changed).children.push(device);
  if (form === "live") refuseOtherFunctions(device);
  const settled = settle(changed, isConventional);
  if (form === "live" && countControllers(settled) > countControllers(domain)) {
    throw new LibvirtError("internal error: No more available PCI slots");
  }
  return settled;
}

/** To a running guest nothing but a function 0 is added (src/conf/domain_addr.c, virDomainPCIAddressEnsureAddr). */
function refuseOtherFunctions(device: XmlElement): void {
  const address = childOf(device, "address");
  if (address?.attributes.get("type") !== "pci" || Number(address.attributes.get("function") ?? "0") === 0) return;
  throw new LibvirtError("internal error: Only PCI device addresses with function=0 are supported");
}

/** Controllers come with the stored form only. */
function countControllers(domain: XmlElement): number {
  return devicesOf(domain).children.filter((one) => one.name === "controller").length;
}

/** A copy of a domain without a device. */
export function detachDevice(
  domain: XmlElement,
  xml: string,
  form: "config" | "live",
  isConventional: IsConventional,
): XmlElement {
  const device = readDevice(xml);
  const changed = copyElement(domain);
  const devices = devicesOf(changed);
  const source = sourceOf(device);
  const wanted = renderXml(device);
  const index = devices.children.findIndex(
    (one) => one.name === device.name && (source === undefined ? renderXml(one) === wanted : sourceOf(one) === source),
  );
  if (index === -1) {
    throw new LibvirtError(
      form === "config"
        ? "device not found: device not present in domain configuration"
        : `device not found: host pci device ${source ?? ""} not found`,
    );
  }
  devices.children.splice(index, 1);
  return settle(changed, isConventional);
}

function readDevice(xml: string): XmlElement {
  const device = parseDocument(xml, KINDS);
  if (device.name === "hostdev") normalizeHostdev(device);
  return device;
}

/** Normal form with guest addresses; a running domain keeps its id. */
function settle(domain: XmlElement, isConventional: IsConventional): XmlElement {
  const attributes = new Map(domain.attributes);
  normalizeDomain(domain, isConventional);
  domain.attributes = attributes;
  return domain;
}
