/** One section of a snapshot: what stood behind its name, and its lines. */
export interface Section {
  readonly name: string;
  readonly argument: string;
  readonly body: string;
}

/** A snapshot that is not what the script prints: the host's shell added to it, cut it short, or is no POSIX shell. */
export class SnapshotFormatError extends Error {
  override readonly name = "SnapshotFormatError";
}

/** The session may not read what decides; half of the facts would be worse than none. */
export class NotRootError extends Error {
  override readonly name = "NotRootError";
}

/** Cuts a snapshot at its markers. Whatever a login shell printed before the first one is dropped. */
export function splitSections(output: string, nonce: string): Section[] {
  const marker = `@@${nonce} `;
  const start = output.startsWith(marker) ? 0 : output.indexOf(`\n${marker}`) + 1;
  if (start === 0 && !output.startsWith(marker)) {
    throw new SnapshotFormatError(`the host did not answer as a POSIX shell does; it said ${preview(output)}`);
  }
  const sections = output
    .slice(start + marker.length)
    .split(`\n${marker}`)
    .map(parseSection);
  if (sections.at(-1)?.name !== "end") throw new SnapshotFormatError("the answer of the host was cut short");
  return sections;
}

function parseSection(text: string): Section {
  const lineEnd = text.indexOf("\n");
  const head = lineEnd === -1 ? text : text.slice(0, lineEnd);
  const space = head.indexOf(" ");
  const name = space === -1 ? head : head.slice(0, space);
  return {
    name,
    argument: space === -1 ? "" : head.slice(space + 1),
    body: lineEnd === -1 ? "" : text.slice(lineEnd + 1),
  };
}

function preview(output: string): string {
  const text = output.trim();
  if (text === "") return "nothing";
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}

/** Lines of a body; the empty one after the last newline is none. */
export function lines(body: string): string[] {
  const all = body.split("\n");
  if (all.at(-1) === "") all.pop();
  return all;
}

/** Sections by name. */
export class Sections {
  private readonly byName: ReadonlyMap<string, readonly Section[]>;

  constructor(sections: readonly Section[]) {
    const byName = new Map<string, Section[]>();
    for (const section of sections) byName.set(section.name, [...(byName.get(section.name) ?? []), section]);
    this.byName = byName;
  }

  /** All sections of a name, in order. */
  all(name: string): readonly Section[] {
    return this.byName.get(name) ?? [];
  }

  /** Lines of the first section of a name; none when it is missing. */
  lines(name: string): string[] {
    const section = this.byName.get(name)?.[0];
    return section === undefined ? [] : lines(section.body);
  }
}

/** Of all the paths that are read, only those of PCI functions hold colons. */
const GREP_LINE = /^((?:(?:[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|[^/:\n]+)\/)*[^/:\n]+):(.*)$/s;

/** Contents by path, from `grep -H ''`: several lines of one file are joined by newlines. */
export function parseGrepLines(rows: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const row of rows) {
    const [, path, text] = GREP_LINE.exec(row) ?? [];
    if (path === undefined || text === undefined) continue;
    const before = files.get(path);
    files.set(path, before === undefined ? text : `${before}\n${text}`);
  }
  return files;
}

/** Targets by link, from `ls -ld`; things that are no links have no target. */
export function parseLinks(rows: readonly string[]): ReadonlyMap<string, string | undefined> {
  const links = new Map<string, string | undefined>();
  for (const row of rows) {
    const path = / ((?:sys)\/.*)$/.exec(row)?.[1];
    if (path === undefined) continue;
    const arrow = path.indexOf(" -> ");
    if (arrow === -1) links.set(path, undefined);
    else links.set(path.slice(0, arrow), path.slice(arrow + 4));
  }
  return links;
}

/** Last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
