import { createHash } from "node:crypto";

import { LibvirtError } from "./error";
import { normalizeHostdev, sourceOf } from "./hostdev";
import { placeDevices, type IsConventional } from "./place-devices";
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
export function normalizeDomain(domain: XmlElement, isConventional: IsConventional): void {
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
  for (const device of devices.children) {
    if (device.name === "hostdev") normalizeHostdev(device);
    if (device.name === "graphics") addListener(device);
  }
  const sources = hostdevsOf(domain).map((one) => one.source);
  if (new Set(sources).size < sources.length)
    throw new LibvirtError("XML error: Hostdev already exists in the domain configuration");
  placeDevices(devices, isQ35(domain), isConventional);
  devices.children.sort((a, b) => rankOf(a) - rankOf(b));
}

function isQ35(domain: XmlElement): boolean {
  return (childOf(childOf(domain, "os") ?? domain, "type")?.attributes.get("machine") ?? "").includes("q35");
}

function rankOf(device: XmlElement): number {
  const rank = DEVICE_ORDER.indexOf(device.name);
  return rank === -1 ? DEVICE_ORDER.length : rank;
}

/** A display that says nothing of where it listens gets an element that says as much. */
function addListener(graphics: XmlElement): void {
  if (childOf(graphics, "listen") !== undefined) return;
  const address = graphics.attributes.get("listen");
  const where: [string, string][] = address === undefined ? [] : [["address", address]];
  graphics.children.push(createElement("listen", [["type", "address"], ...where]));
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

/** Removes what only `--security-info` shows. */
export function hideSecrets(domain: XmlElement): void {
  for (const device of devicesOf(domain).children) if (device.name === "graphics") device.attributes.delete("passwd");
}
