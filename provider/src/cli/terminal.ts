import { stripVTControlCharacters } from "node:util";
import { createColors } from "picocolors";

/** Colours by what they mean. */
export interface Paint {
  readonly title: (text: string) => string;
  readonly good: (text: string) => string;
  readonly caution: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly note: (text: string) => string;
  readonly faint: (text: string) => string;
}

/** Where a command writes: results to standard output, everything else to standard error. */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly say: (text: string) => void;
  /** Columns that results may take. */
  readonly columns: number;
  /** Columns of what is said. */
  readonly sayColumns: number;
  readonly paint: Paint;
  /** Colours of what is said on standard error. */
  readonly sayPaint: Paint;
  /** Somebody watches standard error. */
  readonly isWatched: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A result that goes to a file or a pipe has no width of its own. */
const PIPE_COLUMNS = 100;
const LEAST_COLUMNS = 60;

/** The terminal of this process. */
export function openTerminal(process: NodeJS.Process, isColourWanted: boolean): Terminal {
  const { stdout, stderr, env } = process;
  return {
    write: (text) => void stdout.write(text),
    say: (text) => void stderr.write(text),
    columns: Math.max(readColumns(env, stdout), LEAST_COLUMNS),
    sayColumns: Math.max(readColumns(env, stderr), LEAST_COLUMNS),
    paint: choosePaint(isColourWanted && allowsColour(env, stdout.isTTY)),
    sayPaint: choosePaint(isColourWanted && allowsColour(env, stderr.isTTY)),
    // A stream to a file or a pipe has no such member.
    isWatched: stderr.isTTY && env["TERM"] !== "dumb",
    environment: env,
  };
}

function readColumns(env: Terminal["environment"], stream: NodeJS.WriteStream): number {
  if (stream.isTTY) return stream.columns;
  const given = Number(env["COLUMNS"]);
  return Number.isInteger(given) && given > 0 ? given : PIPE_COLUMNS;
}

/** NO_COLOR (no-color.org) and FORCE_COLOR, of which 0 and false mean no; else colours are for terminals. */
export function allowsColour(env: Terminal["environment"], isTerminal: boolean): boolean {
  const force = env["FORCE_COLOR"];
  if ((env["NO_COLOR"] ?? "") !== "" || force === "0" || force === "false") return false;
  if (force !== undefined) return true;
  return isTerminal && env["TERM"] !== "dumb";
}

/** Colours, or none. */
export function choosePaint(isColoured: boolean): Paint {
  const colors = createColors(isColoured);
  return {
    title: colors.bold,
    good: colors.green,
    caution: colors.yellow,
    bad: colors.red,
    note: colors.cyan,
    faint: colors.dim,
  };
}

/** How many columns a text takes. */
export function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** A value whose texts cannot steer a terminal: what a host says of itself is data. */
export function makePrintable<T>(value: T): T {
  if (typeof value === "string") return printable(value) as T;
  if (Array.isArray(value)) return value.map((member: unknown) => makePrintable(member)) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, makePrintable(member as unknown)])) as T;
}

function printable(text: string): string {
  return text.replaceAll("\t", " ").replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "?");
}
