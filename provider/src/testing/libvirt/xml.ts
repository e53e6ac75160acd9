/** An element of a document: its attributes in order, and either text or child elements. */
export interface XmlElement {
  name: string;
  attributes: Map<string, string>;
  children: XmlElement[];
  text: string;
}

/** Text that is not well-formed XML. */
export class XmlError extends Error {}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Reads the small part of XML that libvirt's documents use: elements, attributes, text, comments, CDATA. */
export function parseXml(text: string): XmlElement {
  const root: XmlElement = createElement("");
  const stack = [root];
  const pattern =
    /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>|([^<]+)/g;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index !== end) throw new XmlError(`unexpected text at ${end}`);
    end = match.index + match[0].length;
    const [, cdata, closing, opening, attributes = "", isEmpty, words] = match as unknown as (string | undefined)[];
    const top = stack[stack.length - 1];
    if (top === undefined) throw new XmlError("more is closed than was opened");
    if (closing !== undefined) {
      if (top.name !== closing) throw new XmlError(`Opening and ending tag mismatch: ${top.name} and ${closing}`);
      stack.pop();
    } else if (opening !== undefined) {
      const element = createElement(opening, parseAttributes(attributes));
      top.children.push(element);
      if (isEmpty !== "/") stack.push(element);
    } else {
      top.text += cdata ?? decode(words ?? "");
    }
  }
  const [document] = root.children;
  if (document === undefined || stack.length !== 1 || end !== text.length)
    throw new XmlError("Start tag expected, '<' not found");
  return document;
}

function parseAttributes(text: string): Map<string, string> {
  const found = [...text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  return new Map(
    found.map((match) => [match[1] ?? "", decode((match as (string | undefined)[])[2] ?? match[3] ?? "")]),
  );
}

function decode(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (all, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return ENTITIES[name] ?? all;
  });
}

function encode(text: string): string {
  return text.replace(
    /[&<>'"]/g,
    (char) => `&${{ "&": "amp", "<": "lt", ">": "gt", "'": "apos", '"': "quot" }[char] ?? ""};`,
  );
}

/** Makes an element. */
export function createElement(
  name: string,
  attributes: Iterable<readonly [string, string]> = [],
  children: XmlElement[] = [],
): XmlElement {
  return { name, attributes: new Map(attributes), children, text: "" };
}

/** The first child of this name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** Text of the first child of this name. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text.trim();
}

/** A copy that shares nothing with the original. */
export function copyElement(element: XmlElement): XmlElement {
  return { ...element, attributes: new Map(element.attributes), children: element.children.map(copyElement) };
}

/** Writes one element a line with two spaces a level and single quotes, as libvirt does. */
export function renderXml(element: XmlElement, indent = ""): string {
  const attributes = [...element.attributes].map(([name, value]) => ` ${name}='${encode(value)}'`).join("");
  const open = `${indent}<${element.name}${attributes}`;
  if (element.children.length > 0) {
    const inner = element.children.map((child) => renderXml(child, `${indent}  `)).join("");
    return `${open}>\n${inner}${indent}</${element.name}>\n`;
  }
  // libvirt's own text elements hold no surrounding blanks.
  const text = element.text.trim();
  return text === "" ? `${open}/>\n` : `${open}>${encode(text)}</${element.name}>\n`;
}
