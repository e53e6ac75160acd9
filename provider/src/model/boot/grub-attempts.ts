import type { KernelArgumentEdit } from "../kernel/command-line";
import { type CommandLinePlan, planCommandLineEdit } from "../kernel/edit";
import { addOwnBlock, dropEmptyBlock } from "./grub-own-block";
import { type GrubReading, cellsOf, isConcerned, possibleCells } from "./grub-reading";
import type { GrubVariable } from "./grub-variables";
import { type ValueCell, buildsOnItself } from "./sh-evaluation";
import type { ShAssignment } from "./sh-statements";
import {
  type InsertionPoint,
  type SourceWord,
  type Splice,
  applySplices,
  listSplices,
  splitWords,
} from "./source-words";

/** A text that may be what an edit asks for. */
export interface GrubAttempt {
  readonly text: string;
  /** `edited`: an assignment was changed where it stands. `appended`: lines of our own were added at the end. */
  readonly form: "edited" | "appended";
}

interface Task {
  readonly reading: GrubReading;
  readonly variable: GrubVariable;
  readonly edit: KernelArgumentEdit;
  readonly cells: readonly ValueCell[];
  readonly words: readonly SourceWord[];
}

/**
 * Ways to carry out an edit of one variable, the best first: in the assignments where the words stand; with only the words
 * of one line touched; in lines of our own behind it all. Whether an attempt has its effect is for the caller to find out.
 */
export function* listAttempts(
  reading: GrubReading,
  variable: GrubVariable,
  edit: KernelArgumentEdit,
): Generator<GrubAttempt> {
  const cells = cellsOf(reading, variable);
  const task = { reading, variable, edit, cells, words: splitWords(cells) };
  yield* attempt(task, () => true);
  for (const line of listConcernedLines(task)) yield* attempt(task, (word) => lineOfWord(task, word) === line);
  if (edit.present.length > 0) yield* attempt(task, () => false);
}

function* attempt(task: Task, canTouch: (word: SourceWord) => boolean): Generator<GrubAttempt> {
  const { variable, edit, cells, words } = task;
  const plan = planCommandLineEdit(
    words.map((word) => word.text),
    edit,
    (index) => isOwn(cells, words[index], variable) && words.slice(index, index + 1).every(canTouch),
  );
  if (plan.inserted.length === 0) {
    yield { text: carryOut(task, plan), form: "edited" };
    return;
  }
  for (const point of listPoints(task, plan)) yield { text: carryOut(task, plan, point), form: "edited" };
  yield { text: addOwnBlock(carryOut(task, plan), variable, plan.inserted), form: "appended" };
}

function carryOut(task: Task, plan: CommandLinePlan, point?: InsertionPoint): string {
  const { text } = task.reading;
  const splices = [...listSplices(text, task.cells, plan, point), ...listRemovals(task)];
  return dropEmptyBlock(applySplices(text, splices), task.variable);
}

/** The lines of the words that an edit concerns, the last first, where there are several. */
function listConcernedLines(task: Task): number[] {
  const concerned = task.words.filter((word) => isConcerned(word.text, task.edit));
  const lines = [...new Set(concerned.map((word) => lineOfWord(task, word)))].reverse();
  return lines.length > 1 ? lines : [];
}

function lineOfWord({ reading, cells }: Task, word: SourceWord): number {
  return reading.text.slice(0, cells[word.last]?.start ?? 0).split("\n").length;
}

/** Takes words out of pieces that shell code may or may not use. */
function listRemovals({ reading, variable, edit }: Task): Splice[] {
  return possibleCells(reading, variable).flatMap((cells) => {
    const words = splitWords(cells);
    const names = words.map((word) => word.text);
    const removal = { present: [], absent: edit.absent };
    const plan = planCommandLineEdit(names, removal, (index) => isOwn(cells, words[index], variable));
    return listSplices(reading.text, cells, plan);
  });
}

/**
 * Places for new words: the end of the assignment where a word is exchanged, if that is the same line; just behind that
 * word; the end of the assignment that the value starts from; the ends of those that build on it.
 */
function listPoints(task: Task, plan: CommandLinePlan): InsertionPoint[] {
  const { text } = task.reading;
  const ends = listCandidates(task).map((assignment) => locateEnd(text, assignment));
  const touched = task.words.findLast((_, index) => plan.replaced.has(index) || plan.removed.has(index));
  const cell = touched === undefined ? undefined : task.cells[touched.last];
  if (cell?.assignment === undefined) return ends;
  const own = locateEnd(text, cell.assignment);
  const behind = { at: cell.end, blank: own.blank, spans: [{ start: -1 }] };
  const isSameLine = !text.slice(cell.end, own.at).includes("\n");
  return isSameLine ? [own, behind, ...ends] : [behind, own, ...ends];
}

/** Only words that an assignment to the variable itself writes may be changed, and none of TuneD's. */
function isOwn(cells: readonly ValueCell[], word: SourceWord | undefined, variable: GrubVariable): boolean {
  const own = word === undefined ? [] : cells.slice(word.first, word.last + 1);
  return own.every((cell) => cell.assignment?.name === variable && !isTunedLine(cell.assignment));
}

/** TuneD finds its line again by its exact text, so the line has to stay as it is. */
export function isTunedLine(assignment: ShAssignment): boolean {
  const own = assignment.parts.flatMap((part) => (part.kind === "char" ? [part.char] : []));
  return buildsOnItself(assignment) && own.join("").trim() === "$tuned_params";
}

/** Assignments that new words may go into: the one that the value starts from, then those that build on it. */
function listCandidates({ reading, variable }: Task): ShAssignment[] {
  const all = reading.evaluation.done.filter((assignment) => assignment.name === variable);
  const base = all.findLastIndex((assignment) => !buildsOnItself(assignment));
  return all.slice(Math.max(base, 0)).filter((assignment) => !isTunedLine(assignment));
}

/** The end of a value, inside its last quotes where there are such; a carriage return of a DOS line stays outside. */
function locateEnd(text: string, { word, parts, isAppend }: ShAssignment): InsertionPoint {
  const end = text[word.end - 1] === "\r" ? word.end - 1 : word.end;
  const isQuoted = word.closingQuotes.includes(end - 1);
  // With `+=` the old value comes first, so the new word is never the first one.
  const before = isAppend ? [{ start: -1 }] : [];
  const spans = [...before, ...parts.filter((part) => part.start < end)];
  return { at: isQuoted ? end - 1 : end, blank: isQuoted ? " " : "\\ ", spans };
}
