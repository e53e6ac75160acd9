import { parseOptionalNumber } from "./address-xml";
import { findDomain, listDevices, parseController } from "./domain-xml";
import type { XmlElement } from "./xml";
import { parseXml } from "./xml";
import { attributeOf, firstChild, sourceOf } from "./xml-query";

/** A PCI controller of a domain: the bus of its index hangs on it. */
export interface PciController {
  readonly index: number;
  readonly model: string;
  /** The element's bytes, fit for detaching it. */
  readonly xml: string;
}

/** The PCI controllers that libvirt added by itself between two states of a domain, lowest index first. */
export function addedControllers(beforeXml: string, afterXml: string): PciController[] {
  const before = new Set(listControllers(beforeXml).map(({ controller }) => controller.index));
  return listControllers(afterXml)
    .map(({ controller }) => controller)
    .filter((controller) => !before.has(controller.index))
    .sort((a, b) => a.index - b.index);
}

/** Indexes of the PCI controllers on whose bus a device of the guest sits, another controller included. */
export function controllersInUse(xml: string): Set<number> {
  return busesOf(listDevices(findDomain(parseXml(xml))));
}

/**
 * Those of our controllers that nothing uses any more, in the order in which they can go. Only the highest indexes of
 * the domain can: libvirt fills a gap below a remaining one with a new controller.
 */
export function redundantControllers(
  xml: string,
  ours: readonly Pick<PciController, "index" | "model">[],
): PciController[] {
  const redundant: PciController[] = [];
  let devices = listDevices(findDomain(parseXml(xml)));
  for (const { controller, element } of listControllers(xml).sort((a, b) => b.controller.index - a.controller.index)) {
    const isOurs = ours.some((our) => our.index === controller.index && our.model === controller.model);
    if (!isOurs || busesOf(devices).has(controller.index)) break;
    redundant.push(controller);
    devices = devices.filter((device) => device.start !== element.start);
  }
  return redundant;
}

function listControllers(xml: string): { controller: PciController; element: XmlElement }[] {
  return listDevices(findDomain(parseXml(xml)))
    .filter((device) => device.name === "controller" && attributeOf(device, "type") === "pci")
    .flatMap((element) => {
      const { index, model } = parseController(element);
      if (index === undefined || model === undefined) return [];
      return [{ controller: { index, model, xml: sourceOf(xml, element) }, element }];
    });
}

function busesOf(devices: readonly XmlElement[]): Set<number> {
  const addresses = devices.map((device) => firstChild(device, "address"));
  const onPci = addresses.filter((address) => attributeOf(address, "type") === "pci");
  return new Set(onPci.map((address) => parseOptionalNumber(attributeOf(address, "bus")) ?? 0));
}
