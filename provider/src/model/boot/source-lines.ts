import type { CommandLinePlan } from "../kernel/edit";
import { type Cell, type Splice, applySplices, listSplices, splitWords } from "./source-words";

/** A line of a file; `end` leaves out the newline, and a carriage return before it. */
export interface SourceLine {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Where the words begin that the line carries. */
  readonly valueStart: number;
}

/** Splits a text into its lines. */
export function splitSourceLines(text: string): SourceLine[] {
  return [...text.matchAll(/[^\n]*(?:\n|$)/g)].flatMap((match) => {
    const line = match[0].replace(/\r?\n$/, "");
    const { index: start } = match;
    return match[0] === "" ? [] : [{ text: line, start, end: start + line.length, valueStart: start }];
  });
}

/**
 * Carries out a plan on a command line that is spread over lines. New words go to the end of the last line; where there
 * is none, a new line that begins with `prefix` ends the file. A line that is left without words goes.
 */
export function editLines(text: string, lines: readonly SourceLine[], plan: CommandLinePlan, prefix: string): string {
  const last = lines.at(-1);
  if (last === undefined) return plan.inserted.length === 0 ? text : addLine(text, prefix + plan.inserted.join(" "));
  const cells = lines.flatMap((line) => [...listCells(text, line), { char: "\n", start: line.end, end: line.end }]);
  const point = { at: last.end, blank: " ", spans: listCells(text, last) };
  const emptied = listEmptied(cells, lines, plan);
  const splices = listSplices(text, cells, plan, point);
  const kept = splices.filter((splice) => !emptied.some((line) => isWithin(line, splice.start)));
  return applySplices(text, [...kept, ...emptied.map((line) => removeLine(text, line))]);
}

/** Lines that lose all their words, and get no new ones. */
function listEmptied(cells: readonly Cell[], lines: readonly SourceLine[], plan: CommandLinePlan): SourceLine[] {
  const words = splitWords(cells).map((word, index) => ({ index, start: cells[word.first]?.start ?? -1 }));
  return lines.filter((line) => {
    const own = words.filter(({ start }) => isWithin(line, start));
    const getsWords = plan.inserted.length > 0 && line === lines.at(-1);
    return !getsWords && own.length > 0 && own.every(({ index }) => plan.removed.has(index));
  });
}

function isWithin(line: SourceLine, offset: number): boolean {
  return line.start <= offset && offset <= line.end;
}

/** Takes a line out with its newline; of a last line that has none, the newline before it goes. */
function removeLine(text: string, { start, end }: SourceLine): Splice {
  const [newline = ""] = /^\r?\n/.exec(text.slice(end)) ?? [];
  const first = newline === "" && start > 0 ? start - 1 : start;
  return { start: first, end: end + newline.length, text: "" };
}

function listCells(text: string, line: SourceLine): Cell[] {
  const length = line.end - line.valueStart;
  return Array.from({ length }, (_, index) => {
    const start = line.valueStart + index;
    return { char: text.charAt(start), start, end: start + 1 };
  });
}

/** A file that does not end in a newline does not end in one afterwards, so that taking the line out restores it. */
function addLine(text: string, line: string): string {
  if (text !== "" && !text.endsWith("\n")) return `${text}\n${line}`;
  return `${text}${line}${text.endsWith("\r\n") ? "\r\n" : "\n"}`;
}
