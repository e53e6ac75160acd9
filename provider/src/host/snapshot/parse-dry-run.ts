import type { PackageChange, PackageManagerKind } from "../../model/packages/package-facts";

type Action = PackageChange["action"];

/** Reads the lines of a package manager that say what it would do. */
export function parseDryRun(manager: PackageManagerKind, rows: readonly string[]): PackageChange[] {
  switch (manager) {
    case "apt":
      return rows.flatMap(parseAptLine);
    case "dnf4":
    case "dnf5":
      return parseDnfTable(rows);
    case "zypper":
      return parseZypperSummary(rows);
    case "pacman":
      return rows.flatMap(parsePacmanLine);
  }
}

/** `Inst NAME [OLD] (NEW ARCHIVE [ARCH]) …` and `Remv NAME [OLD] …`. */
function parseAptLine(row: string): PackageChange[] {
  const [, verb, name = "", old, rest = ""] = /^(Inst|Remv) (\S+)(?: \[([^\]]*)\])?(.*)$/.exec(row) ?? [];
  if (verb === "Remv") return [{ action: "remove", name, version: old ?? "" }];
  const version = /^ \((\S+)/.exec(rest)?.[1];
  if (verb === undefined || version === undefined) return [];
  return [{ action: old === undefined ? "install" : "upgrade", name, version }];
}

/** What the headings of the two dnf tables mean; rows below any other, such as module streams, are no packages. */
const DNF_HEADINGS: readonly (readonly [RegExp, Action])[] = [
  [/^Installing( dependencies| weak dependencies|)( group\/module packages)?$/, "install"],
  [/^Installing group\/module packages$/, "install"],
  [/^Upgrading$/, "upgrade"],
  [/^Downgrading$/, "downgrade"],
  [/^Removing( .*)?$/, "remove"],
];

/**
 * Rows of a package begin with one blank: name, architecture, version, repository, size. A cell that is too wide for its
 * column ends its line, and the row goes on below. A row "replacing" names what the package above takes the place of.
 */
function parseDnfTable(rows: readonly string[]): PackageChange[] {
  const changes: PackageChange[] = [];
  let action: Action | undefined;
  for (const row of joinCells(rows)) {
    const heading = /^(\S.*):$/.exec(row)?.[1];
    if (heading !== undefined) {
      action = DNF_HEADINGS.find(([pattern]) => pattern.test(heading))?.[1];
      continue;
    }
    const words = row.trim().split(/\s+/);
    if (words[0] === "replacing") {
      changes.push(...parseReplaced(words, changes.at(-1)));
    } else if (action !== undefined) {
      const [name = "", , version = ""] = words;
      if (words.length >= 4) changes.push({ action, name, version });
    }
  }
  return changes;
}

function joinCells(rows: readonly string[]): string[] {
  const joined: string[] = [];
  for (const row of rows) {
    const isContinued = /^ {2,}\S/.test(row) && row.trim().split(/\s+/)[0] !== "replacing" && joined.length > 0;
    if (isContinued) joined.push(`${joined.pop() ?? ""} ${row.trim()}`);
    else joined.push(row);
  }
  return joined;
}

/** dnf 4 writes `replacing NAME.ARCH VERSION`, dnf 5 `replacing NAME ARCH VERSION …`, also for the older self of an upgrade. */
function parseReplaced(words: readonly string[], by: PackageChange | undefined): PackageChange[] {
  const [, first = "", second = "", third = ""] = words;
  const [name, version] = words.length <= 3 ? [first.replace(/\.[^.]+$/, ""), second] : [first, third];
  return name === by?.name ? [] : [{ action: "remove", name, version }];
}

const ZYPPER_LISTS: Readonly<Record<string, Action>> = {
  "to-install": "install",
  "to-reinstall": "upgrade",
  "to-upgrade": "upgrade",
  "to-upgrade-change-arch": "upgrade",
  "to-change-arch": "upgrade",
  "to-change-vendor": "upgrade",
  "to-downgrade": "downgrade",
  "to-downgrade-change-arch": "downgrade",
  "to-remove": "remove",
};

/** Lists of solvables; those that are no packages, such as patterns, are names for what stands there too. */
function parseZypperSummary(rows: readonly string[]): PackageChange[] {
  const changes: PackageChange[] = [];
  let action: Action | undefined;
  for (const row of rows) {
    if (!row.startsWith("solvable ")) {
      action = ZYPPER_LISTS[row];
      continue;
    }
    const attributes = new Map(
      [...row.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
    );
    const { type, name, edition } = Object.fromEntries(attributes);
    if (action === undefined || type !== "package" || name === undefined) continue;
    changes.push({ action, name, version: edition ?? "" });
  }
  return changes;
}

/** `NAME VERSION`: pacman never removes without being asked, which nobody does here. */
function parsePacmanLine(row: string): PackageChange[] {
  const [name, version, more] = row.split(" ");
  if (name === undefined || version === undefined || more !== undefined) return [];
  return [{ action: "install", name, version }];
}
