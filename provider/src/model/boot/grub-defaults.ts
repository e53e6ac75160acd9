import { type KernelArgumentEdit, isSameArgument } from "../kernel/command-line";
import { isSatisfied, listAbsent, listKernelWords } from "../kernel/edit";
import { type GrubAttempt, isTunedLine, listAttempts } from "./grub-attempts";
import {
  type GrubReading,
  effectiveWords,
  foreignText,
  isConcerned,
  possibleWords,
  readGrubDefaults,
  wordsOf,
} from "./grub-reading";
import { describeProblem, describeRefusal, findFault } from "./grub-refusal";
import { GRUB_VARIABLES, type GrubVariable } from "./grub-variables";
import { type LineChange, compareLines } from "./line-change";
import { renderValue } from "./sh-evaluation";
import { ShProblem } from "./sh-lexer";

/** What became of a settings file of GRUB. */
export interface GrubDefaultsEdit {
  readonly text: string;
  /** The variable that was edited, or that would be. */
  readonly variable: GrubVariable;
  readonly form: GrubAttempt["form"] | "unchanged";
  readonly replacedLine?: LineChange;
}

/**
 * Puts words into and takes words out of `/etc/default/grub` or a drop-in of it. A change is only given back when
 * following the new text shows that it has its effect and that nothing else changes its value.
 */
export function editGrubDefaults(
  text: string,
  edit: KernelArgumentEdit,
): GrubDefaultsEdit | { readonly refused: string } {
  const before = readGrubDefaults(text);
  if (before instanceof ShProblem) return { refused: describeProblem(text, before) };
  const pending = listPending(before, edit);
  const variable = chooseVariable(before, pending);
  if (pending.present.length === 0 && pending.absent.length === 0) return { text, variable, form: "unchanged" };
  const fault = findFault(before, pending);
  if (fault !== undefined) return { refused: fault };

  const first = editVariable(before, variable, pending);
  if (first === undefined) return { refused: describeRefusal(before, variable, pending) };
  const other = GRUB_VARIABLES.find((name) => name !== variable) ?? variable;
  const second = removeFrom(first.text, other, pending);
  if (second === undefined) return { refused: describeRefusal(before, other, pending) };
  const replacedLine = compareLines(text, second);
  return { text: second, variable, form: first.form, ...(replacedLine === undefined ? {} : { replacedLine }) };
}

/** The part of an edit that is not yet as it should be. */
function listPending(reading: GrubReading, edit: KernelArgumentEdit): KernelArgumentEdit {
  const words = effectiveWords(reading);
  const possible = GRUB_VARIABLES.flatMap((variable) => possibleWords(reading, variable));
  return {
    present: edit.present.filter((word) => !isSatisfied(words, { present: [word], absent: [] })),
    absent: listAbsent(edit).filter((word) => possible.some((other) => isSameArgument(other, word))),
  };
}

function chooseVariable(reading: GrubReading, pending: KernelArgumentEdit): GrubVariable {
  // What stands behind `--` goes to init, and the other variable comes behind this one.
  if (wordsOf(reading, "GRUB_CMDLINE_LINUX").includes("--")) return "GRUB_CMDLINE_LINUX";
  const byPreference = [...GRUB_VARIABLES].reverse();
  const concerned = byPreference.find((variable) =>
    listKernelWords(wordsOf(reading, variable)).some((word) => isConcerned(word, pending)),
  );
  return concerned ?? byPreference.find((variable) => isAssigned(reading, variable)) ?? "GRUB_CMDLINE_LINUX_DEFAULT";
}

function isAssigned({ statements }: GrubReading, variable: GrubVariable): boolean {
  return statements.some(
    (statement) => statement.kind === "assignment" && statement.name === variable && !isTunedLine(statement),
  );
}

/** The first attempt that does what is wanted; one that changes a single line comes before one that changes several. */
function editVariable(before: GrubReading, variable: GrubVariable, edit: KernelArgumentEdit): GrubAttempt | undefined {
  let fallback: GrubAttempt | undefined;
  for (const attempt of listAttempts(before, variable, edit)) {
    const after = readGrubDefaults(attempt.text);
    if (after instanceof ShProblem || !isAsWanted(before, after, variable, edit)) continue;
    if (countReplacedLines(before.text, attempt.text) <= 1) return attempt;
    fallback ??= attempt;
  }
  return fallback;
}

function countReplacedLines(before: string, after: string): number {
  const replaced = compareLines(before, after)?.before ?? "";
  return replaced === "" ? 0 : replaced.replace(/\n$/, "").split("\n").length;
}

/** Takes out of the other variable what must not stand there either. */
function removeFrom(text: string, variable: GrubVariable, edit: KernelArgumentEdit): string | undefined {
  const before = readGrubDefaults(text);
  if (before instanceof ShProblem) return undefined;
  const words = possibleWords(before, variable);
  const absent = edit.absent.filter((word) => words.some((other) => isSameArgument(other, word)));
  return absent.length === 0 ? text : editVariable(before, variable, { present: [], absent })?.text;
}

/** Follows the new text: the edit is in effect, foreign words stand as before, no other variable has changed. */
function isAsWanted(
  before: GrubReading,
  after: GrubReading,
  variable: GrubVariable,
  edit: KernelArgumentEdit,
): boolean {
  const names = new Set([...before.evaluation.variables.keys(), ...after.evaluation.variables.keys()]);
  names.delete(variable);
  for (const name of names) if (valueOf(before, name) !== valueOf(after, name)) return false;
  const words = possibleWords(after, variable);
  return (
    foreignText(before, variable, edit) === foreignText(after, variable, edit) &&
    !edit.absent.some((word) => words.some((other) => isSameArgument(other, word))) &&
    isSatisfied(effectiveWords(after), { present: edit.present, absent: [] })
  );
}

function valueOf(reading: GrubReading, name: string): string | undefined {
  return renderValue(reading.evaluation.lookUp(name));
}
