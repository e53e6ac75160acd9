import { PciAddress } from "../pci/address";
import type { KnownError } from "./entry";

/** An error that was recognised, with its cause and remedy for this message. */
export interface RecognisedError {
  readonly id: KnownError["id"];
  readonly cause: string;
  readonly remedy: string;
  /** Whether the message says cause and remedy itself. */
  readonly isExplained: boolean;
}

type Fields = Readonly<Record<string, string>>;

/** What stands in a text where the message did not say it. */
const UNNAMED: Fields = { address: "the device", number: "a", word: "it", path: "a file", group: "its file" };

/** Finds the first entry, in their order, of which a shape stands in the text. */
export function recogniseAmong(entries: readonly KnownError[], text: string): RecognisedError | undefined {
  const words = splitWords(text);
  for (const entry of entries) {
    for (const [shapes, isExplained] of [[entry.own, true] as const, [entry.foreign, false] as const]) {
      for (const shape of shapes) {
        const fields = matchShape(splitWords(shape), words);
        if (fields === undefined) continue;
        return { id: entry.id, cause: fill(entry.cause, fields), remedy: fill(entry.remedy, fields), isExplained };
      }
    }
  }
  return undefined;
}

/** Words without the punctuation around them: quotes, brackets and full stops do not matter, and lines neither. */
function splitWords(text: string): string[] {
  return text
    .split(/[\s()]+/)
    .map((word) => word.replace(/^["'`]+|["'`.,;:]+$/g, ""))
    .filter((word) => word !== "");
}

function matchShape(shape: readonly string[], words: readonly string[]): Fields | undefined {
  for (let start = 0; start + shape.length <= words.length; start++) {
    const fields = matchAt(shape, words, start);
    if (fields !== undefined) return fields;
  }
  return undefined;
}

function matchAt(shape: readonly string[], words: readonly string[], start: number): Fields | undefined {
  const fields: Record<string, string> = {};
  for (const [index, expected] of shape.entries()) {
    const word = words[start + index] ?? "";
    const [, name] = /^\{(\w+)\}$/.exec(expected) ?? [];
    if (name === undefined ? word !== expected : !isOfKind(name, word)) return undefined;
    if (name !== undefined) fields[name] ??= word;
  }
  return fields;
}

function isOfKind(kind: string, word: string): boolean {
  switch (kind) {
    case "address":
      return PciAddress.safeParse(word).success;
    case "number":
      return /^\d+$/.test(word);
    case "path":
      return word.startsWith("/");
    case "group":
      return /^\/dev\/vfio\/\d+$/.test(word);
    case "aliases":
      return /^\/.*\/modules\.alias$/.test(word);
    default:
      return kind === "word";
  }
}

function fill(text: string, fields: Fields): string {
  return text.replaceAll(/\{(\w+)\}/g, (_all, name: string) => fields[name] ?? UNNAMED[name] ?? name);
}
