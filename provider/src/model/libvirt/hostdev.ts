import type { PciAddress } from "../pci/address";
import { parseAddress, parseOptionalNumber, renderAddress } from "./address-xml";
import { rewriteHostdev } from "./hostdev-rewrite";
import type { GuestAddress, HostdevRom, HostdevSpec, Layout } from "./hostdev-spec";
import type { XmlElement } from "./xml";
import { escapeAttribute } from "./xml-grammar";
import { attributeOf, firstChild, sourceOf } from "./xml-query";

/** A PCI `<hostdev>` as a domain has it; what is not named here is still in `xml`. */
export interface Hostdev {
  readonly source: PciAddress;
  readonly managed: boolean;
  readonly alias?: string;
  readonly driverName?: string;
  readonly driverModel?: string;
  readonly bootOrder?: number;
  readonly rom?: HostdevRom;
  readonly acpiIndex?: number;
  readonly guestAddress?: GuestAddress;
  /** The element's bytes. */
  readonly xml: string;
}

/** The alias that marks a device of this address as ours; libvirt keeps only those that begin with `ua-`. */
export function hostdevAlias(address: PciAddress): string {
  return `ua-passthrough-${address.replace(/[:.]/g, "-")}`;
}

/** Whether a device carries our mark. */
export function isOurs(hostdev: Hostdev): boolean {
  return hostdev.alias === hostdevAlias(hostdev.source);
}

/** Reads a `<hostdev>`; undefined for one that is not PCI, or whose address is none that we could declare. */
export function parseHostdev(xml: string, element: XmlElement): Hostdev | undefined {
  const mode = attributeOf(element, "mode") ?? "subsystem";
  if (mode !== "subsystem" || attributeOf(element, "type") !== "pci") return undefined;
  const address = firstChild(firstChild(element, "source"), "address");
  const source = address === undefined ? undefined : parseAddress(address);
  if (source === undefined) return undefined;
  return {
    source,
    // libvirt takes every other word, and none at all, for "no".
    managed: attributeOf(element, "managed") === "yes",
    ...optional("alias", attributeOf(firstChild(element, "alias"), "name")),
    ...optional("driverName", attributeOf(firstChild(element, "driver"), "name")),
    ...optional("driverModel", attributeOf(firstChild(element, "driver"), "model")),
    ...optional("bootOrder", parseOptionalNumber(attributeOf(firstChild(element, "boot"), "order"))),
    ...optional("rom", parseRom(firstChild(element, "rom"))),
    ...optional("acpiIndex", parseOptionalNumber(attributeOf(firstChild(element, "acpi"), "index"))),
    ...optional("guestAddress", parseGuestAddress(firstChild(element, "address"))),
    xml: sourceOf(xml, element),
  };
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<Key, Value>>);
}

function parseRom(element: XmlElement | undefined): HostdevRom | undefined {
  if (element === undefined) return undefined;
  return {
    ...optional("enabled", parseSwitch(attributeOf(element, "enabled"), "yes")),
    ...optional("bar", parseSwitch(attributeOf(element, "bar"), "on")),
    ...optional("file", attributeOf(element, "file")),
  };
}

function parseGuestAddress(element: XmlElement | undefined): GuestAddress | undefined {
  if (element === undefined || attributeOf(element, "type") !== "pci") return undefined;
  const address = attributeOf(element, "slot") === undefined ? undefined : parseAddress(element);
  if (address === undefined) return undefined;
  return { address, ...optional("multifunction", parseSwitch(attributeOf(element, "multifunction"), "on")) };
}

function parseSwitch(text: string | undefined, on: string): boolean | undefined {
  return text === undefined ? undefined : text === on;
}

/** Writes a device in libvirt's order and quotes, without white space before its first line or behind its last. */
export function renderHostdev(spec: HostdevSpec, layout: Layout): string {
  const rewritten = spec.base === undefined ? undefined : rewriteHostdev(spec.base, spec, layout);
  if (rewritten !== undefined) return rewritten;
  const { newline, indent, unit } = layout;
  const model = spec.driverModel === undefined ? "" : ` model='${escapeAttribute(spec.driverModel)}'`;
  const lines = [
    `<hostdev mode='subsystem' type='pci' managed='${(spec.managed ?? true) ? "yes" : "no"}'>`,
    `${unit}<driver name='vfio'${model}/>`,
    `${unit}<source>`,
    `${unit}${unit}<address ${renderAddress(spec.address)}/>`,
    `${unit}</source>`,
    ...(spec.bootOrder === undefined ? [] : [`${unit}<boot order='${spec.bootOrder}'/>`]),
    `${unit}<alias name='${escapeAttribute(spec.alias ?? hostdevAlias(spec.address))}'/>`,
    ...(spec.rom === undefined ? [] : [`${unit}<rom${renderRom(spec.rom)}/>`]),
    ...(spec.acpiIndex === undefined ? [] : [`${unit}<acpi index='${spec.acpiIndex}'/>`]),
    ...(spec.guestAddress === undefined ? [] : [`${unit}${renderGuestAddress(spec.guestAddress)}`]),
    "</hostdev>",
  ];
  return newline === "" ? lines.map((line) => line.trimStart()).join("") : lines.join(`${newline}${indent}`);
}

function renderRom(rom: HostdevRom): string {
  const enabled = rom.enabled === undefined ? "" : ` enabled='${rom.enabled ? "yes" : "no"}'`;
  const bar = rom.bar === undefined ? "" : ` bar='${rom.bar ? "on" : "off"}'`;
  const file = rom.file === undefined ? "" : ` file='${escapeAttribute(rom.file)}'`;
  return `${enabled}${bar}${file}`;
}

function renderGuestAddress(guest: GuestAddress): string {
  const multifunction =
    guest.multifunction === undefined ? "" : ` multifunction='${guest.multifunction ? "on" : "off"}'`;
  return `<address type='pci' ${renderAddress(guest.address)}${multifunction}/>`;
}

/**
 * Whether a device of a domain is what was declared. What libvirt adds or rewrites is no difference, nor is anything
 * that the declaration leaves open; the alias is a mark of ours and no setting.
 */
export function isSatisfied(spec: HostdevSpec, observed: Hostdev): boolean {
  return (
    observed.source === spec.address &&
    observed.managed === (spec.managed ?? true) &&
    (observed.driverName ?? "vfio") === "vfio" &&
    isOpenOrEqual(spec.driverModel, observed.driverModel) &&
    isOpenOrEqual(spec.bootOrder, observed.bootOrder) &&
    isOpenOrEqual(spec.rom?.enabled, observed.rom?.enabled) &&
    isOpenOrEqual(spec.rom?.bar, observed.rom?.bar) &&
    isOpenOrEqual(spec.rom?.file, observed.rom?.file) &&
    isOpenOrEqual(spec.acpiIndex, observed.acpiIndex) &&
    isOpenOrEqual(spec.guestAddress?.address, observed.guestAddress?.address) &&
    isOpenOrEqual(spec.guestAddress?.multifunction, observed.guestAddress?.multifunction ?? false)
  );
}

function isOpenOrEqual<Value>(declared: Value | undefined, observed: Value | undefined): boolean {
  return declared === undefined || declared === observed;
}
