import type { XmlElement } from "./xml";

/** The child elements, of one name where one is given. */
export function childElements(element: XmlElement | undefined, name?: string): XmlElement[] {
  const elements = (element?.children ?? []).filter((child) => typeof child !== "string");
  return name === undefined ? elements : elements.filter((child) => child.name === name);
}

/** The first child element of a name. */
export function firstChild(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return childElements(element, name)[0];
}

/** The value of an attribute. */
export function attributeOf(element: XmlElement | undefined, name: string): string | undefined {
  return element?.attributes.get(name);
}

/** The text directly inside an element, without the white space round it; undefined where the element is missing or empty. */
export function textOf(element: XmlElement | undefined): string | undefined {
  const text = (element?.children ?? [])
    .filter((child) => typeof child === "string")
    .join("")
    .trim();
  return text === "" ? undefined : text;
}

/** The bytes of an element as the document has them. */
export function sourceOf(xml: string, element: XmlElement): string {
  return xml.slice(element.start, element.end);
}
