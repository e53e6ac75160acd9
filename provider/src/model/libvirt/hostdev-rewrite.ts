import { renderAddress } from "./address-xml";
import type { HostdevBase, HostdevPart, HostdevSpec, Layout } from "./hostdev-spec";
import type { XmlElement } from "./xml";
import { parseXml } from "./xml";
import { escapeAttribute } from "./xml-grammar";
import { childElements, textOf } from "./xml-query";

interface Draft {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly text: string | undefined;
  children: Draft[];
}

/** The order in which libvirt writes the children (virDomainHostdevDefFormat). */
const ORDER = ["driver", "source", "teaming", "readonly", "shareable", "boot", "alias", "rom", "acpi", "address"];

/**
 * An element with what is declared, and with everything else that it had: what newer versions of libvirt know, what a
 * user added, the slot of the guest. Undefined for one with namespaces, of which libvirt has none here.
 */
export function rewriteHostdev(base: HostdevBase, spec: HostdevSpec, layout: Layout): string | undefined {
  const draft = draftOf(parseXml(base.xml));
  if (draft === undefined) return undefined;
  draft.attributes.set("managed", (spec.managed ?? true) ? "yes" : "no");
  for (const part of base.drops) dropPart(draft, part);
  if (spec.driverModel !== undefined) childOf(draft, "driver").attributes.set("model", spec.driverModel);
  if (spec.bootOrder !== undefined) childOf(draft, "boot").attributes.set("order", String(spec.bootOrder));
  if (spec.acpiIndex !== undefined) childOf(draft, "acpi").attributes.set("index", String(spec.acpiIndex));
  if (spec.rom !== undefined) setRom(childOf(draft, "rom"), spec.rom);
  if (spec.guestAddress !== undefined) setGuestAddress(draft, spec.guestAddress);
  draft.children.sort((a, b) => rankOf(a) - rankOf(b));
  const lines = renderDraft(draft, layout.unit, "");
  return layout.newline === ""
    ? lines.map((line) => line.trimStart()).join("")
    : lines.join(`${layout.newline}${layout.indent}`);
}

function draftOf(element: XmlElement): Draft | undefined {
  const children = childElements(element).map(draftOf);
  if (element.name.startsWith("{") || [...element.attributes.keys()].some((name) => name.startsWith("{")))
    return undefined;
  if (!children.every((child) => child !== undefined)) return undefined;
  return { name: element.name, attributes: new Map(element.attributes), text: textOf(element), children };
}

function rankOf({ name }: Draft): number {
  const rank = ORDER.indexOf(name);
  return rank === -1 ? ORDER.length : rank;
}

function childOf(draft: Draft, name: string): Draft {
  const found = draft.children.find((child) => child.name === name);
  if (found !== undefined) return found;
  const made: Draft = { name, attributes: new Map(), text: undefined, children: [] };
  draft.children.push(made);
  return made;
}

function dropPart(draft: Draft, part: HostdevPart): void {
  if (part === "driverModel") {
    childOf(draft, "driver").attributes.delete("model");
    return;
  }
  const names = { bootOrder: "boot", rom: "rom", acpiIndex: "acpi", guestAddress: "address" } as const;
  draft.children = draft.children.filter((child) => child.name !== names[part]);
}

function setRom(rom: Draft, { enabled, bar, file }: NonNullable<HostdevSpec["rom"]>): void {
  if (enabled !== undefined) rom.attributes.set("enabled", enabled ? "yes" : "no");
  if (bar !== undefined) rom.attributes.set("bar", bar ? "on" : "off");
  if (file !== undefined) rom.attributes.set("file", file);
}

/** Another address makes what belonged to the old one meaningless. */
function setGuestAddress(draft: Draft, { address, multifunction }: NonNullable<HostdevSpec["guestAddress"]>): void {
  draft.children = draft.children.filter((child) => child.name !== "address");
  const parts = [...renderAddress(address).matchAll(/(\w+)='([^']*)'/g)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  );
  const more = multifunction === undefined ? [] : [["multifunction", multifunction ? "on" : "off"] as const];
  const attributes = new Map([["type", "pci"] as const, ...parts, ...more]);
  draft.children.push({ name: "address", attributes, text: undefined, children: [] });
}

function renderDraft({ name, attributes, text, children }: Draft, unit: string, indent: string): string[] {
  const open = `${indent}<${name}${[...attributes].map(([key, value]) => ` ${key}='${escapeAttribute(value)}'`).join("")}`;
  if (children.length > 0) {
    const inner = children.flatMap((child) => renderDraft(child, unit, indent + unit));
    return [`${open}>`, ...inner, `${indent}</${name}>`];
  }
  return [text === undefined ? `${open}/>` : `${open}>${escapeAttribute(text)}</${name}>`];
}
