import { createHash } from "node:crypto";

import { LibvirtError } from "./error";
import { normalizeHostdev, renderGuestAddress, sourceOf } from "./hostdev";
import type { XmlElement } from "./xml";
import { childOf, createElement, parseXml, textOf, XmlError } from "./xml";

/** Order in which libvirt writes kinds of devices. */
const DEVICE_ORDER = [
  ..."emulator disk controller lease filesystem interface smartcard serial parallel console channel input tpm".split(
    " ",
  ),
  ..."graphics sound audio video hostdev redirdev redirfilter hub watchdog memballoon rng panic shmem memory iommu vsock".split(
    " ",
  ),
];
const UNITS: Readonly<Record<string, number>> = {
  b: 1 / 1024,
  KiB: 1,
  MiB: 1024,
  GiB: 1048576,
  k: 1,
  M: 1024,
  G: 1048576,
};

/** Reads a document and refuses what is not XML, in libvirt's words. */
export function parseDocument(text: string, expected: readonly string[]): XmlElement {
  let document: XmlElement;
  try {
    document = parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new LibvirtError(`(domain_definition):1: ${error.message}`);
  }
  if (!expected.includes(document.name)) {
    throw new LibvirtError(`XML error: unexpected root element <${document.name}>, expecting <${expected[0] ?? ""}>`);
  }
  return document;
}

/** The element that holds the devices; made when there is none. */
export function devicesOf(domain: XmlElement): XmlElement {
  const found = childOf(domain, "devices");
  if (found !== undefined) return found;
  const made = createElement("devices");
  domain.children.push(made);
  return made;
}

/** Host devices of a domain with their sources. */
export function hostdevsOf(domain: XmlElement): { element: XmlElement; source: string }[] {
  return devicesOf(domain)
    .children.filter((child) => child.name === "hostdev")
    .flatMap((element) => {
      const source = sourceOf(element);
      return source === undefined ? [] : [{ element, source }];
    });
}

/** Brings a domain into the form that libvirt stores: identity first, KiB, normal host devices, guest addresses. */
export function normalizeDomain(domain: XmlElement): void {
  const name = textOf(domain, "name");
  if (name === undefined || name === "") throw new LibvirtError("XML error: missing domain name");
  if (textOf(domain, "uuid") === undefined) {
    const uuid = createElement("uuid");
    uuid.text = deriveUuid(name);
    domain.children.splice(domain.children.findIndex((child) => child.name === "name") + 1, 0, uuid);
  }
  domain.attributes.delete("id");
  for (const child of domain.children) normalizeSetting(child);
  const devices = devicesOf(domain);
  for (const device of devices.children) if (device.name === "hostdev") normalizeHostdev(device);
  const sources = hostdevsOf(domain).map((one) => one.source);
  if (new Set(sources).size < sources.length)
    throw new LibvirtError("XML error: Hostdev already exists in the domain configuration");
  placeDevices(domain);
}

function deriveUuid(name: string): string {
  const hex = createHash("md5").update(name).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}

function normalizeSetting(element: XmlElement): void {
  if (element.name === "memory" || element.name === "currentMemory") {
    const unit = UNITS[element.attributes.get("unit") ?? "KiB"] ?? 1;
    element.text = String(Math.round(Number(element.text) * unit));
    element.attributes = new Map([["unit", "KiB"]]);
  }
  if (element.name === "vcpu" && !element.attributes.has("placement")) {
    element.attributes = new Map([["placement", "static"], ...element.attributes]);
  }
}

/** Gives every PCI host device without a guest address one: on q35 a root port of its own. */
function placeDevices(domain: XmlElement): void {
  const devices = devicesOf(domain);
  const machine = childOf(childOf(domain, "os") ?? domain, "type")?.attributes.get("machine") ?? "";
  const isQ35 = machine.includes("q35");
  if (isQ35 && controllersOf(devices).length === 0) {
    devices.children.push(
      createElement("controller", [
        ["type", "pci"],
        ["index", "0"],
        ["model", "pcie-root"],
      ]),
    );
  }
  for (const { element } of hostdevsOf(domain)) {
    if (childOf(element, "address") !== undefined) continue;
    element.children.push(
      isQ35 ? renderGuestAddress(findFreeBus(devices), 0, 0) : renderGuestAddress(0, findFreeSlot(devices, 0), 0),
    );
  }
  devices.children.sort((a, b) => rankOf(a) - rankOf(b));
}

function rankOf(device: XmlElement): number {
  const rank = DEVICE_ORDER.indexOf(device.name);
  return rank === -1 ? DEVICE_ORDER.length : rank;
}

function controllersOf(devices: XmlElement): XmlElement[] {
  return devices.children.filter((child) => child.name === "controller" && child.attributes.get("type") === "pci");
}

function guestAddressesOf(devices: XmlElement): { bus: number; slot: number; fn: number }[] {
  return devices.children.flatMap((device) => {
    const address = device.children.find((child) => child.name === "address" && child.attributes.get("type") === "pci");
    if (address === undefined) return [];
    const [bus = 0, slot = 0, fn = 0] = ["bus", "slot", "function"].map((part) => Number(address.attributes.get(part)));
    return [{ bus, slot, fn }];
  });
}

function findFreeBus(devices: XmlElement): number {
  const taken = new Set(guestAddressesOf(devices).map((address) => address.bus));
  const ports = controllersOf(devices).filter((one) => one.attributes.get("model") === "pcie-root-port");
  const free = ports.map((one) => Number(one.attributes.get("index"))).find((index) => !taken.has(index));
  return free ?? addRootPort(devices);
}

function addRootPort(devices: XmlElement): number {
  const index = Math.max(...controllersOf(devices).map((one) => Number(one.attributes.get("index")))) + 1;
  const slot =
    [2, 3, 4, 5].find(
      (one) => !isPlaced(devices, one, 7) && (!isPlaced(devices, one, 0) || isPortSlot(devices, one)),
    ) ?? 6;
  const fn = [0, 1, 2, 3, 4, 5, 6, 7].find((one) => !isPlaced(devices, slot, one)) ?? 0;
  const port = `0x${(slot * 8 + fn).toString(16)}`;
  const address = renderGuestAddress(0, slot, fn);
  if (fn === 0) address.attributes.set("multifunction", "on");
  devices.children.push(
    createElement(
      "controller",
      [
        ["type", "pci"],
        ["index", String(index)],
        ["model", "pcie-root-port"],
      ],
      [
        createElement("model", [["name", "pcie-root-port"]]),
        createElement("target", [
          ["chassis", String(index)],
          ["port", port],
        ]),
        address,
      ],
    ),
  );
  return index;
}

function isPlaced(devices: XmlElement, slot: number, fn: number): boolean {
  return guestAddressesOf(devices).some((one) => one.bus === 0 && one.slot === slot && one.fn === fn);
}

function isPortSlot(devices: XmlElement, slot: number): boolean {
  return controllersOf(devices).some((one) => Number(childOf(one, "address")?.attributes.get("slot") ?? "-1") === slot);
}

function findFreeSlot(devices: XmlElement, bus: number): number {
  const taken = new Set(
    guestAddressesOf(devices)
      .filter((one) => one.bus === bus)
      .map((one) => one.slot),
  );
  return Array.from({ length: 29 }, (_unused, index) => index + 2).find((slot) => !taken.has(slot)) ?? 31;
}

/** Removes what only `--security-info` shows. */
export function hideSecrets(domain: XmlElement): void {
  for (const device of devicesOf(domain).children) if (device.name === "graphics") device.attributes.delete("passwd");
}
