import { findDomain, parseClaim, listDevices } from "./domain-xml";
import type { PciAddress } from "../pci/address";
import { parseXml } from "./xml";
import { XmlError } from "./xml-grammar";
import { firstChild, textOf } from "./xml-query";

/** A domain as a user writes it, for libvirt to define. */
export interface DomainDefinition {
  readonly name: string;
  readonly uuid?: string;
  /** PCI functions of the host that the text takes by itself. */
  readonly claims: readonly PciAddress[];
  /** Whether the text names a file for the firmware's variables, which then is somebody's own. */
  readonly namesVariables: boolean;
  readonly xml: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads a definition; throws an XmlError that says what is wrong with it, without a word of its content. */
export function parseDefinition(xml: string): DomainDefinition {
  const root = parseXml(xml);
  if (root.name !== "domain") throw new XmlError("its root is no <domain>");
  const domain = findDomain(root);
  const name = textOf(firstChild(domain, "name"));
  if (name === undefined) throw new XmlError("the domain has no name");
  const uuid = textOf(firstChild(domain, "uuid"))?.toLowerCase();
  if (uuid !== undefined && !UUID.test(uuid)) {
    throw new XmlError("its <uuid> is not of the form 01234567-89ab-cdef-0123-456789abcdef");
  }
  return {
    name,
    claims: listDevices(domain).flatMap((device) => parseClaim(xml, device)?.address ?? []),
    namesVariables: textOf(firstChild(firstChild(domain, "os"), "nvram")) !== undefined,
    xml,
    ...(uuid !== undefined && { uuid }),
  };
}

/** The same text with a UUID behind the name. */
export function withUuid({ xml, uuid }: DomainDefinition, fallback: string): string {
  if (uuid !== undefined) return xml;
  const name = firstChild(findDomain(parseXml(xml)), "name");
  const at = name?.end ?? xml.length;
  return `${xml.slice(0, at)}<uuid>${fallback}</uuid>${xml.slice(at)}`;
}

/** Whether a text may hold a password, such as that of a display. Told without reading the XML, which may be broken. */
export function mayHoldPassword(xml: string): boolean {
  return /\bpasswd\b/.test(xml);
}
