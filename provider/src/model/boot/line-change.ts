/** Whole lines of a file before and after an edit; `before` is empty for lines that were added. */
export interface LineChange {
  readonly before: string;
  readonly after: string;
}

/** What an editor of a boot file gives back: the new text, or why it will not touch the file. */
export type TextEdit = { readonly text: string; readonly replacedLine?: LineChange } | { readonly refused: string };

/** The lines that differ between two texts, newlines included; undefined when the texts are equal. */
export function compareLines(before: string, after: string): LineChange | undefined {
  if (before === after) return undefined;
  const [left, right] = [splitLines(before), splitLines(after)];
  let head = 0;
  while (head < left.length && left[head] === right[head]) head++;
  let tail = 0;
  const most = Math.min(left.length, right.length) - head;
  while (tail < most && left.at(-1 - tail) === right.at(-1 - tail)) tail++;
  return {
    before: left.slice(head, left.length - tail).join(""),
    after: right.slice(head, right.length - tail).join(""),
  };
}

function splitLines(text: string): string[] {
  return text.split(/(?<=\n)/);
}

/** Builds the result of an edit from the text before and after. */
export function describeEdit(before: string, after: string): TextEdit {
  const replacedLine = compareLines(before, after);
  return replacedLine === undefined ? { text: after } : { text: after, replacedLine };
}

/**
 * Puts replaced lines back byte for byte. Undefined when they no longer stand there as they were written, or stand there
 * more than once: then the caller takes its words out by the reverse edit.
 */
export function restoreLine(text: string, change: LineChange): string | undefined {
  if (change.after === "") return undefined;
  const places = listPlaces(text, change.after).filter((at) => isWholeLines(text, at, change.after));
  const [at] = places;
  if (at === undefined || places.length > 1) return undefined;
  return text.slice(0, at) + change.before + text.slice(at + change.after.length);
}

function listPlaces(text: string, part: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) places.push(at);
  return places;
}

function isWholeLines(text: string, at: number, lines: string): boolean {
  const end = at + lines.length;
  const startsLine = at === 0 || text[at - 1] === "\n";
  return startsLine && (lines.endsWith("\n") || end === text.length || text[end] === "\n");
}
