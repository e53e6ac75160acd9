import { widthOf } from "./terminal";

/** Breaks a text at blanks into lines of at most `width` columns; a longer word gets a line of its own. */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, width));
}

function wrapLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthOf(longer) <= width || line === "") line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A text behind a mark; its further lines stand under its first. */
export function hang(mark: string, text: string, width: number): string[] {
  const indent = widthOf(mark);
  return wrap(text, Math.max(width - indent, 12)).map((line, i) =>
    (i === 0 ? `${mark}${line}` : `${" ".repeat(indent)}${line}`).trimEnd(),
  );
}

/** A text with blanks behind it, up to a width. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(width - widthOf(text), 0));
}

/** The same with blanks before it. */
export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(width - widthOf(text), 0)) + text;
}

/** Rows of cells in columns; the last column is wrapped to what is left of `width`. */
export function layOut(rows: readonly (readonly string[])[], width: number): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(0, ...rows.map((row) => widthOf(row[i] ?? ""))));
  return rows.flatMap((row) => {
    const cells = row.slice(0, -1).map((cell, i) => `${pad(cell, widths[i] ?? 0)}  `);
    return hang(cells.join(""), row.at(-1) ?? "", width);
  });
}
