import type { PciAddress } from "../pci/address";
import { parseOptionalNumber } from "./address-xml";
import { findDomain, listDevices } from "./domain-xml";
import { isOurs, parseHostdev } from "./hostdev";
import { parseXml } from "./xml";
import { attributeOf, childElements, firstChild } from "./xml-query";

/** From what a domain boots. */
export interface BootSettings {
  /** `<boot dev=…>` in `<os>`, which libvirt does not combine with an order of devices. */
  readonly hasOsBoot: boolean;
  /** Kind of device by its place in the order. */
  readonly orders: ReadonlyMap<number, string>;
}

/** Reads it from a domain's XML, without those of our host devices that are declared anyway. */
export function readBootSettings(xml: string, declared: readonly PciAddress[]): BootSettings {
  const domain = findDomain(parseXml(xml));
  const orders = new Map<number, string>();
  for (const device of listDevices(domain)) {
    const hostdev = device.name === "hostdev" ? parseHostdev(xml, device) : undefined;
    if (hostdev !== undefined && isOurs(hostdev) && declared.includes(hostdev.source)) continue;
    const order = parseOptionalNumber(attributeOf(firstChild(device, "boot"), "order"));
    if (order !== undefined) orders.set(order, hostdev === undefined ? device.name : `hostdev ${hostdev.source}`);
  }
  const os = firstChild(domain, "os");
  return { hasOsBoot: childElements(os, "boot").length > 0, orders };
}
