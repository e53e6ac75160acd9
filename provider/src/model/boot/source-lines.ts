import type { CommandLinePlan } from "../kernel/edit";
import { type Cell, applyPlan } from "./source-words";

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
  const spans = listCells(text, last);
  const edited = applyPlan(text, cells, plan, { at: last.end, blank: " ", spans });
  return dropEmptied(text, edited, lines);
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

/** Lines keep their number while words are edited, so the line of the same index tells whether it lost all its words. */
function dropEmptied(before: string, after: string, lines: readonly SourceLine[]): string {
  const starts = new Set(lines.map((line) => line.start));
  const old = splitSourceLines(before);
  let result = after;
  for (const [index, line] of [...splitSourceLines(after).entries()].reverse()) {
    const source = old[index];
    if (source === undefined || !starts.has(source.start)) continue;
    const keyLength = (lines.find(({ start }) => start === source.start)?.valueStart ?? 0) - source.start;
    if (line.text.slice(keyLength).trim() !== "") continue;
    const next = /^\r?\n/.exec(result.slice(line.end))?.[0].length ?? 0;
    const start = next === 0 && line.start > 0 ? line.start - 1 : line.start;
    result = result.slice(0, start) + result.slice(line.end + next);
  }
  return result;
}
