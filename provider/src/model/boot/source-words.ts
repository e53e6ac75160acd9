import type { CommandLinePlan } from "../kernel/edit";

/** Stands for a piece of a value that cannot be known without running the file. */
export const UNKNOWN = "\uFFFC";

/** One character of a value and the place in the file that it is written in. */
export interface Cell {
  readonly char: string;
  readonly start: number;
  readonly end: number;
}

/** A word of a kernel command line, as a range of cells. */
export interface SourceWord {
  readonly text: string;
  readonly first: number;
  readonly last: number;
}

/** Where new words go: the offset, how a blank is written there, and the spans that the value there consists of. */
export interface InsertionPoint {
  readonly at: number;
  readonly blank: string;
  readonly spans: readonly { readonly start: number }[];
}

/** A piece of the file and what takes its place. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Splits cells into words by the kernel's rule: white space outside double quotes separates. */
export function splitWords(cells: readonly Cell[]): SourceWord[] {
  const words: SourceWord[] = [];
  let first: number | undefined;
  let isQuoted = false;
  for (const [index, { char }] of cells.entries()) {
    if (char === '"') isQuoted = !isQuoted;
    if (isQuoted || !isBlank(char)) first ??= index;
    else if (first !== undefined) {
      words.push(joinWord(cells, first, index - 1));
      first = undefined;
    }
  }
  if (first !== undefined) words.push(joinWord(cells, first, cells.length - 1));
  return words;
}

function joinWord(cells: readonly Cell[], first: number, last: number): SourceWord {
  const chars = cells.slice(first, last + 1).map((cell) => cell.char);
  return { text: chars.join(""), first, last };
}

function isBlank(char: string | undefined): boolean {
  return char !== undefined && /\s/.test(char);
}

/**
 * The changes to a file that carry out a plan, cell by cell, so that quotes, continuations and comments around the words
 * stay. Adding writes one blank and the word, taking out removes the word and that one blank: each undoes the other.
 */
export function listSplices(
  text: string,
  cells: readonly Cell[],
  plan: CommandLinePlan,
  point?: InsertionPoint,
): Splice[] {
  const words = splitWords(cells);
  const removed = new Set<number>();
  const splices: Splice[] = [];
  for (const [index, word] of words.entries()) {
    if (plan.removed.has(index)) markRemoved(text, cells, word, removed);
    const replacement = plan.replaced.get(index);
    if (replacement === undefined) continue;
    for (let i = word.first; i <= word.last; i++) {
      const cell = cells[i];
      if (cell !== undefined) splices.push({ ...cell, text: i === word.first ? replacement : "" });
    }
  }
  const gone = [...removed].flatMap((index) => cells[index] ?? []);
  splices.push(...gone.map(({ start, end }) => ({ start, end, text: "" })));
  if (point !== undefined && plan.inserted.length > 0) {
    const stop = words[plan.insertAt];
    splices.push(insert(plan.inserted, point, gone, stop === undefined ? undefined : cells[stop.first]));
  }
  return splices;
}

function insert(words: readonly string[], point: InsertionPoint, gone: readonly Cell[], stop?: Cell): Splice {
  const joined = words.join(point.blank);
  if (stop !== undefined) return { start: stop.start, end: stop.start, text: joined + point.blank };
  const isEmpty = point.spans.every((span) => gone.some((cell) => cell.start === span.start));
  return { start: point.at, end: point.at, text: isEmpty ? joined : point.blank + joined };
}

function markRemoved(text: string, cells: readonly Cell[], word: SourceWord, removed: Set<number>): void {
  for (let i = word.first; i <= word.last; i++) removed.add(i);
  let before = word.first - 1;
  while (removed.has(before)) before--;
  if (isBlankBeside(text, cells[before], cells[word.first])) removed.add(before);
  else if (isBlankBeside(text, cells[word.last + 1], cells[word.last])) removed.add(word.last + 1);
}

/** Whether `cell` is a blank that stands on the same line of the file as `neighbour`. */
function isBlankBeside(text: string, cell: Cell | undefined, neighbour: Cell | undefined): boolean {
  if (cell === undefined || neighbour === undefined || !/[ \t]/.test(cell.char)) return false;
  const [left, right] = cell.start < neighbour.start ? [cell, neighbour] : [neighbour, cell];
  return !text.slice(left.end, right.start).includes("\n");
}

/** Carries out changes of a file that do not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = text;
  // A piece of the file may make up two places of a value; it is still changed once.
  const unique = new Map(splices.map((splice) => [`${splice.start}-${splice.end}`, splice]));
  for (const splice of [...unique.values()].sort((a, b) => b.start - a.start || b.end - a.end)) {
    result = result.slice(0, splice.start) + splice.text + result.slice(splice.end);
  }
  return result;
}
