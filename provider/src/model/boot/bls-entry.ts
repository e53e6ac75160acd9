import type { KernelArgumentEdit } from "../kernel/command-line";
import { parseCommandLine } from "../kernel/command-line";
import { isSatisfied, planCommandLineEdit } from "../kernel/edit";
import { type TextEdit, describeEdit } from "./line-change";
import { type SourceLine, editLines, splitSourceLines } from "./source-lines";

/** An entry of the Boot Loader Specification (`loader/entries/*.conf`). */
export interface BlsEntry {
  readonly title: string;
  /** The key `id` of older Fedora entries; elsewhere the file name is the id. */
  readonly id?: string;
  readonly version?: string;
  /** The path of the kernel; absent for entries that start something else, such as a memory test. */
  readonly kernel?: string;
  /** The words of all `options` lines. */
  readonly words: readonly string[];
  /** Variables of GRUB among the words, such as `$kernelopts`. */
  readonly usesVariables: readonly string[];
}

/** Reads an entry; of a key that stands twice, the last line counts, except `options`, whose lines add up. */
export function parseBlsEntry(text: string): BlsEntry {
  const values = new Map<string, string>();
  for (const line of splitSourceLines(text)) {
    const { key, value } = splitKey(line.text);
    if (key !== undefined && key !== "options") values.set(key, value.trim());
  }
  const words = splitSourceLines(text).flatMap((line) => {
    const { key, value } = splitKey(line.text);
    return key === "options" ? parseCommandLine(value) : [];
  });
  const [id, version, kernel] = [values.get("id"), values.get("version"), values.get("linux")];
  return {
    title: values.get("title") ?? version ?? "",
    ...(id === undefined ? {} : { id }),
    ...(version === undefined ? {} : { version }),
    ...(kernel === undefined ? {} : { kernel }),
    words,
    usesVariables: words.filter((word) => /^\$\{?[A-Za-z_]\w*\}?$/.test(word)),
  };
}

/** Edits the options of an entry where they stand; an entry without options gets a line of its own at the end. */
export function editBlsEntry(text: string, edit: KernelArgumentEdit): TextEdit {
  const { kernel, title, words } = parseBlsEntry(text);
  if (isSatisfied(words, edit)) return { text };
  if (kernel === undefined) return { refused: `the boot entry ${JSON.stringify(title)} does not start a Linux kernel` };
  const plan = planCommandLineEdit(words, edit);
  return describeEdit(text, editLines(text, listOptions(text), plan, "options "));
}

/** The `options` lines that carry words; the value begins behind the key and its white space. */
function listOptions(text: string): SourceLine[] {
  return splitSourceLines(text).flatMap((line) => {
    const { key, value } = splitKey(line.text);
    if (key !== "options" || value.trim() === "") return [];
    return [{ ...line, valueStart: line.start + line.text.length - value.length }];
  });
}

function splitKey(line: string): { readonly key?: string; readonly value: string } {
  const [, key, value] = /^\s*([^\s#]\S*)(?:\s+(.*))?$/s.exec(line) ?? [];
  return key === undefined ? { value: "" } : { key, value: value ?? "" };
}
