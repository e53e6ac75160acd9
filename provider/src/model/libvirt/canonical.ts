import type { XmlElement } from "./xml";
import { parseXml } from "./xml";

/**
 * Whether two documents say the same: the order of attributes, quotes, prefixes of namespaces, comments, CDATA and white
 * space between elements make no difference; text does. Throws an XmlError where either is not well-formed.
 */
export function areCanonicallyEqual(a: string, b: string): boolean {
  return canonicalText(a) === canonicalText(b);
}

/** A text that is the same for documents that say the same. */
export function canonicalText(xml: string): string {
  return JSON.stringify(canonicalForm(parseXml(xml)));
}

type CanonicalNode = string | readonly [string, readonly (readonly [string, string])[], readonly CanonicalNode[]];

function canonicalForm(element: XmlElement): CanonicalNode {
  const attributes = [...element.attributes].sort(([a], [b]) => (a < b ? -1 : 1));
  const children = element.children
    .filter((child) => typeof child !== "string" || child.trim() !== "")
    .map((child) => (typeof child === "string" ? child : canonicalForm(child)));
  return [element.name, attributes, children];
}
