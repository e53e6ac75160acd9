import type { KernelArgumentEdit } from "../kernel/command-line";
import { type GrubReading, cellsOf, isConcerned, possibleCells } from "./grub-reading";
import { GRUB_VARIABLES, type GrubVariable } from "./grub-variables";
import type { ShProblem } from "./sh-lexer";
import { splitWords } from "./source-words";

/** Says which line `sh` would stumble over. */
export function describeProblem(text: string, problem: ShProblem): string {
  const hint = text.includes("\r\n") ? "; the file has DOS line ends, which sh takes for part of the words" : "";
  return `line ${lineAt(text, problem.offset)} cannot be read as shell text: ${problem.message}${hint}`;
}

/** Finds a line that looks like an assignment but that `sh` runs as a command, so that `grub-mkconfig` stops there. */
export function findFault({ statements, text }: GrubReading, edit: KernelArgumentEdit): string | undefined {
  for (const statement of statements) {
    if (statement.kind !== "command") continue;
    const variable = GRUB_VARIABLES.find((name) => statement.name === name || statement.prefixes.includes(name));
    if (variable === undefined) continue;
    const command = JSON.stringify(statement.name ?? "");
    return `line ${lineAt(text, statement.start)} does not set ${variable}: sh runs ${command} as a command there; quote the value, without blanks around "=". ${byHand(edit)}`;
  }
  return undefined;
}

/** Says why no way was found to carry out an edit, and what to do by hand. */
export function describeRefusal(reading: GrubReading, variable: GrubVariable, edit: KernelArgumentEdit): string {
  const stuck = [cellsOf(reading, variable), ...possibleCells(reading, variable)]
    .flatMap((cells) => splitWords(cells).map((word) => ({ word: word.text, cell: cells[word.first] })))
    .find(({ word }) => isConcerned(word, { present: [], absent: edit.absent }));
  if (stuck?.cell === undefined) return `shell code in this file decides the value of ${variable}. ${byHand(edit)}`;
  const { assignment, start } = stuck.cell;
  const place = assignment === undefined ? "" : `in ${assignment.name} `;
  return `${stuck.word} stands ${place}at line ${lineAt(reading.text, start)}, where it cannot be changed without changing more. ${byHand(edit)}`;
}

function byHand({ present, absent }: KernelArgumentEdit): string {
  const add = present.length === 0 ? [] : [`put in ${present.join(" ")}`];
  const remove = absent.length === 0 ? [] : [`take out ${absent.join(" ")}`];
  return `Change it by hand: ${[...add, ...remove].join(" and ")}.`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
