import { type KernelArgumentEdit, parseCommandLine } from "../kernel/command-line";
import { isSatisfied, planCommandLineEdit } from "../kernel/edit";
import { type TextEdit, describeEdit } from "./line-change";
import { type SourceLine, editLines, splitSourceLines } from "./source-lines";

/** The words of `/etc/kernel/cmdline`: line breaks count as blanks, lines that begin with `#` are comments. */
export function parseKernelCommandLineFile(text: string): string[] {
  return listContent(text).flatMap((line) => parseCommandLine(line.text));
}

/** Edits `/etc/kernel/cmdline` where the words stand; new ones go to the end of the last line that is no comment. */
export function editKernelCommandLineFile(text: string, edit: KernelArgumentEdit): TextEdit {
  const words = parseKernelCommandLineFile(text);
  if (isSatisfied(words, edit)) return { text };
  return describeEdit(text, editLines(text, listContent(text), planCommandLineEdit(words, edit), ""));
}

function listContent(text: string): SourceLine[] {
  return splitSourceLines(text).filter((line) => line.text.trim() !== "" && !line.text.trimStart().startsWith("#"));
}
