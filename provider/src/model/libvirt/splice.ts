import type { Layout } from "./hostdev-spec";
import type { XmlElement } from "./xml";
import { matchAt, START_TAG, TRAILING_COMMENTS } from "./xml-grammar";
import { childElements } from "./xml-query";

/** A part of a text and what comes in its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Carries out edits that do not overlap; an insertion at the end of a removed part is allowed. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let result = "";
  let at = 0;
  for (const edit of ordered) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** The bytes of an element from its first line's break on, so that taking it out leaves no empty line. */
export function spanWithIndent(xml: string, element: XmlElement): { start: number; end: number } {
  const space = spaceBefore(xml, element.start);
  const lineBreak = /\r?\n[ \t]*$/.exec(space)?.[0] ?? "";
  return { start: element.start - lineBreak.length, end: element.end };
}

/** The white space in front of a place. */
export function spaceBefore(xml: string, at: number): string {
  let start = at;
  while (start > 0 && /[ \t\r\n]/.test(xml.charAt(start - 1))) start -= 1;
  return xml.slice(start, at);
}

/** Where an element's content begins and ends; for `<a/>` both are the place behind the tag. */
export function contentSpan(xml: string, element: XmlElement): { start: number; end: number } {
  const startTag = matchAt(START_TAG, xml, element.start) ?? "";
  const start = element.start + startTag.length;
  return { start, end: startTag.endsWith("/>") ? start : xml.lastIndexOf("</", element.end - 1) };
}

/** The place behind an element and the comments that follow it on its line. */
export function endOfLineOf(xml: string, element: XmlElement): number {
  return element.end + (matchAt(TRAILING_COMMENTS, xml, element.end) ?? "").length;
}

/** The place behind the last thing inside an element that is not white space. */
export function endOfContent(xml: string, element: XmlElement): number {
  const { start, end } = contentSpan(xml, element);
  return Math.max(start, end - spaceBefore(xml, end).length);
}

/**
 * How the children of an element are laid out, told from those that it has, else from its white space. An element with
 * no line break inside gets none, because only then can taking the new children out give the same bytes again.
 */
export function layoutInside(xml: string, element: XmlElement): Layout {
  const last = childElements(element)
    .map((child) => lineOf(xml, child))
    .findLast((line) => line.newline !== "");
  const { start, end } = contentSpan(xml, element);
  const newline = last?.newline ?? /\r?\n/.exec(xml.slice(start, end))?.[0];
  if (newline === undefined) return { newline: "", indent: "", unit: "" };
  const outer = lineOf(xml, element).indent;
  const indent = last?.indent ?? `${outer}  `;
  const isDeeper = indent.length > outer.length && indent.startsWith(outer);
  return { newline, indent, unit: isDeeper ? indent.slice(outer.length) : "  " };
}

function lineOf(xml: string, element: XmlElement): { newline: string; indent: string } {
  const [, newline = "", indent = ""] = /(\r?\n)([ \t]*)$/.exec(spaceBefore(xml, element.start)) ?? [];
  return { newline, indent };
}
