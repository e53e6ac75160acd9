import { type KernelArgumentEdit, isSameArgument, isSingleValued, parseKernelArgument } from "../kernel/command-line";
import { listKernelWords } from "../kernel/edit";
import { GRUB_VARIABLES, type GrubVariable } from "./grub-variables";
import { ShEvaluation, type ValueCell, renderValue } from "./sh-evaluation";
import { ShProblem } from "./sh-lexer";
import { parseSh } from "./sh-parser";
import type { ShStatement } from "./sh-statements";
import { splitWords } from "./source-words";

/** What a settings file says, as far as it can be told without running it. */
export interface GrubReading {
  readonly text: string;
  readonly statements: readonly ShStatement[];
  readonly evaluation: ShEvaluation;
}

/** Reads a settings file; gives back the problem where `sh` could not read it either. */
export function readGrubDefaults(text: string): GrubReading | ShProblem {
  try {
    const statements = parseSh(text);
    const evaluation = new ShEvaluation(GRUB_VARIABLES);
    evaluation.run(statements, text);
    return { text, statements, evaluation };
  } catch (error) {
    if (error instanceof ShProblem) return error;
    throw error;
  }
}

/** The characters of a variable's value; none for one that is not set. */
export function cellsOf(reading: GrubReading, variable: GrubVariable): readonly ValueCell[] {
  return reading.evaluation.lookUp(variable) ?? [];
}

/** The words of a variable's value. */
export function wordsOf(reading: GrubReading, variable: GrubVariable): string[] {
  return splitWords(cellsOf(reading, variable)).map((word) => word.text);
}

/** The words of the command line of an ordinary entry. */
export function effectiveWords(reading: GrubReading): string[] {
  return GRUB_VARIABLES.flatMap((variable) => wordsOf(reading, variable));
}

/** The pieces of text that shell code puts into a variable or does not. */
export function possibleCells({ evaluation }: GrubReading, variable: GrubVariable): (readonly ValueCell[])[] {
  return evaluation.possible.filter((piece) => piece.variable === variable).map((piece) => piece.cells);
}

/** The words that the kernel may get from a variable, those included that shell code decides on. */
export function possibleWords(reading: GrubReading, variable: GrubVariable): string[] {
  const hidden = possibleCells(reading, variable).flatMap((cells) => splitWords(cells).map((word) => word.text));
  return [...listKernelWords(wordsOf(reading, variable)), ...hidden];
}

/** Whether an edit takes this word out or gives its key another value. */
export function isConcerned(word: string, { present, absent }: KernelArgumentEdit): boolean {
  const { key } = parseKernelArgument(word);
  if (absent.some((other) => isSameArgument(other, word))) return true;
  return isSingleValued(key) && present.some((other) => parseKernelArgument(other).key === key);
}

/** The words of a variable that an edit has nothing to do with, as text that shows their order and their writing. */
export function foreignText(reading: GrubReading, variable: GrubVariable, edit: KernelArgumentEdit): string {
  const cells = cellsOf(reading, variable);
  const foreign = splitWords(cells).filter(
    (word) => !isConcerned(word.text, edit) && !edit.present.some((other) => isSameArgument(other, word.text)),
  );
  return foreign.map((word) => renderValue(cells.slice(word.first, word.last + 1))).join(" ");
}
