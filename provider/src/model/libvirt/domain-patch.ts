import type { PciAddress } from "../pci/address";
import { findDomain, listDevices, parseClaim } from "./domain-xml";
import type { HostdevSpec, Layout } from "./hostdev-spec";
import { parseHostdev, renderHostdev } from "./hostdev";
import type { Edit } from "./splice";
import { applyEdits, contentSpan, endOfContent, endOfLineOf, layoutInside, spanWithIndent } from "./splice";
import type { XmlElement } from "./xml";
import { parseXml } from "./xml";
import { XmlError } from "./xml-grammar";
import { childElements, firstChild, sourceOf } from "./xml-query";

/** Hostdevs that come and go; an address in both lists is written anew where it stands. */
export interface DomainPatch {
  readonly add: readonly HostdevSpec[];
  readonly remove: readonly PciAddress[];
}

/** The document after a patch, or why it was not made. */
export type PatchedDomain = { readonly xml: string } | { readonly refused: string };

/**
 * Blanks in the end tag of `<devices>`, which mean nothing to XML, keep how the document said that it has no devices, so
 * that taking the last of ours out gives the original bytes.
 */
const WAS_EMPTY = "</devices >";
const WAS_ABSENT = "</devices  >";

/**
 * Adds and removes PCI hostdevs by cutting and pasting bytes: everything else stays as it is written. What is there
 * already is not added again, what is not there is not removed, and removing what was added gives the original bytes.
 * The caller names only addresses of its own in `remove`.
 */
export function patchDomain(xml: string, patch: DomainPatch): PatchedDomain {
  try {
    const domain = findDomain(parseXml(xml));
    return { xml: applyEdits(xml, planEdits(xml, domain, patch)) };
  } catch (error) {
    if (error instanceof XmlError) return { refused: error.message };
    throw error;
  }
}

function planEdits(xml: string, domain: XmlElement, patch: DomainPatch): Edit[] {
  const present = new Map<XmlElement, PciAddress>();
  for (const device of listDevices(domain)) {
    const hostdev = device.name === "hostdev" ? parseHostdev(xml, device) : undefined;
    if (hostdev !== undefined) present.set(device, hostdev.source);
  }
  const leaving = [...present].filter(([, address]) => patch.remove.includes(address)).map(([element]) => element);
  const wanted = patch.add.filter((spec, i) => patch.add.findIndex((other) => other.address === spec.address) === i);
  refuseOtherClaims(xml, domain, wanted);

  const replaced = new Map<XmlElement, HostdevSpec>();
  const fresh: HostdevSpec[] = [];
  for (const spec of wanted) {
    const old = leaving.find((element) => present.get(element) === spec.address);
    if (old !== undefined) replaced.set(old, spec);
    else if (![...present.values()].includes(spec.address)) fresh.push(spec);
  }
  const removed = leaving.filter((element) => !replaced.has(element));
  return [
    ...[...replaced].map(([element, spec]) => replaceEdit(xml, domain, element, spec)),
    ...removeEdits(xml, domain, removed, fresh.length > 0),
    ...insertEdits(xml, domain, fresh),
  ];
}

/** libvirt takes a function that an `<interface>` or `<disk>` names for the same device, and refuses a second one. */
function refuseOtherClaims(xml: string, domain: XmlElement, wanted: readonly HostdevSpec[]): void {
  for (const device of listDevices(domain)) {
    const claim = device.name === "hostdev" ? undefined : parseClaim(xml, device);
    if (claim !== undefined && wanted.some((spec) => spec.address === claim.address)) {
      throw new XmlError(`the domain has ${claim.address} already, as <${claim.element}>`);
    }
  }
}

function replaceEdit(xml: string, domain: XmlElement, element: XmlElement, spec: HostdevSpec): Edit {
  const devices = childElements(domain, "devices").find((parent) => parent.children.includes(element)) ?? domain;
  return { start: element.start, end: element.end, text: renderHostdev(spec, layoutInside(xml, devices)) };
}

function removeEdits(xml: string, domain: XmlElement, removed: readonly XmlElement[], isRefilled: boolean): Edit[] {
  return childElements(domain, "devices").flatMap((devices) => {
    const edits = removed
      .filter((element) => devices.children.includes(element))
      .map((element) => ({ ...spanWithIndent(xml, element), text: "" }));
    if (edits.length === 0 || isRefilled) return edits;
    return collapseEdits(xml, devices, edits) ?? edits;
  });
}

/** Takes back what insertEdits made of `<devices/>` and of a domain without one, once nothing is left inside. */
function collapseEdits(xml: string, devices: XmlElement, edits: readonly Edit[]): Edit[] | undefined {
  const { start, end } = contentSpan(xml, devices);
  const inside = edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
  if (applyEdits(xml.slice(start, end), inside).trim() !== "") return undefined;
  switch (xml.slice(end, devices.end)) {
    case WAS_EMPTY:
      return [{ start: start - 1, end: devices.end, text: "/>" }];
    case WAS_ABSENT:
      return [{ ...spanWithIndent(xml, devices), text: "" }];
    default:
      return undefined;
  }
}

function insertEdits(xml: string, domain: XmlElement, fresh: readonly HostdevSpec[]): Edit[] {
  if (fresh.length === 0) return [];
  const devices = firstChild(domain, "devices");
  if (devices === undefined) return [insertDevices(xml, domain, fresh)];
  const layout = layoutInside(xml, devices);
  if (sourceOf(xml, devices).endsWith("/>")) {
    const text = `>${renderAll(fresh, layout)}${WAS_EMPTY}`;
    return [{ start: devices.end - "/>".length, end: devices.end, text }];
  }
  const last = childElements(devices, "hostdev").at(-1);
  const at = last === undefined ? endOfContent(xml, devices) : endOfLineOf(xml, last);
  return [{ start: at, end: at, text: renderAll(fresh, layout) }];
}

function insertDevices(xml: string, domain: XmlElement, fresh: readonly HostdevSpec[]): Edit {
  if (sourceOf(xml, domain).endsWith("/>")) throw new XmlError("the domain is empty");
  const at = endOfContent(xml, domain);
  const outer = layoutInside(xml, domain);
  const inner: Layout = { ...outer, indent: outer.indent + outer.unit };
  const line = `${outer.newline}${outer.indent}`;
  const text = `${line}<devices>${renderAll(fresh, inner)}${line}${WAS_ABSENT}`;
  return { start: at, end: at, text };
}

function renderAll(specs: readonly HostdevSpec[], layout: Layout): string {
  return specs.map((spec) => `${layout.newline}${layout.indent}${renderHostdev(spec, layout)}`).join("");
}
