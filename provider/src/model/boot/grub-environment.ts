import type { GrubEnvironmentBlock } from "../host-facts";
import type { KernelArgumentEdit } from "../kernel/command-line";
import { parseCommandLine } from "../kernel/command-line";
import { isSatisfied, planCommandLineEdit } from "../kernel/edit";
import { describeEdit, type TextEdit } from "./line-change";
import { editLines, splitSourceLines } from "./source-lines";

const SIGNATURE = "# GRUB Environment Block\n";

/** What an environment block holds: a file of fixed size whose rest is filled with `#`. */
export interface GrubEnvironment {
  /** All values of each name, without escapes; a name that stands twice is read twice. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly freeBytes: number;
}

/** Reads a block as GRUB's `envblk.c` does: comments are skipped, a backslash keeps the character behind it. */
export function parseGrubEnvironment({ path, text }: GrubEnvironmentBlock): GrubEnvironment | { refused: string } {
  const rest = /#*$/.exec(text)?.[0].length ?? 0;
  const body = text.slice(SIGNATURE.length, text.length - rest);
  if (!text.startsWith(SIGNATURE) || (body !== "" && !body.endsWith("\n"))) {
    return { refused: `${path} is not an environment block of GRUB` };
  }
  const values = new Map<string, string[]>();
  for (const [line] of body.matchAll(/(?:\\[^]|[^\\\n])+/g)) {
    const [, name, value = ""] = /^([A-Za-z0-9_]+)=([^]*)$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, [...(values.get(name) ?? []), value.replaceAll(/\\([^])/g, "$1")]);
  }
  return { values, freeBytes: rest };
}

/** Bytes that a value takes in the block. */
export function measureValue(value: string): number {
  return new TextEncoder().encode(value.replaceAll(/[\\\n]/g, "\\$&")).length;
}

/** A variable as a line of its own, which can be edited and put back as the lines of files are. */
export function renderVariable(name: string, value: string): string {
  return `${name}=${value}\n`;
}

/** The block as lines of variables, each as `renderVariable` has it; empty where it cannot be read. */
export function listVariables(block: GrubEnvironmentBlock): string {
  const environment = parseGrubEnvironment(block);
  if ("refused" in environment) return "";
  return [...environment.values].flatMap(([name, all]) => all.map((value) => renderVariable(name, value))).join("");
}

/** The value in such a line; undefined when the line has gone. */
export function parseVariable(name: string, line: string): string | undefined {
  return line.startsWith(`${name}=`) && line.endsWith("\n") ? line.slice(name.length + 1, -1) : undefined;
}

/** Edits the words of such a line where they stand; new ones go to its end. */
export function editVariable(name: string, line: string, edit: KernelArgumentEdit): TextEdit {
  const value = parseVariable(name, line) ?? "";
  const words = parseCommandLine(value);
  if (isSatisfied(words, edit)) return { text: line };
  const lines = splitSourceLines(line).map((source) => ({ ...source, valueStart: source.start + name.length + 1 }));
  const text = editLines(line, lines, planCommandLineEdit(words, edit), renderVariable(name, "").slice(0, -1));
  return parseVariable(name, text) === undefined
    ? { refused: `${name} would be left without a word` }
    : describeEdit(line, text);
}

/** Replaces the variables of GRUB among words by what they hold, as `blscfg` does; one that is not set gives nothing. */
export function expandWords(words: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return words.flatMap((word) => {
    const [, name] = /^\$(\w+)$/.exec(word) ?? [];
    return name === undefined ? [word] : parseCommandLine(values[name] ?? "");
  });
}
