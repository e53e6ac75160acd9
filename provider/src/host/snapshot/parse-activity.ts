import type { ActivityFacts, Inhibitor, LoginSession, PackageManager } from "../../model/reboot/activity";

/** Reads the lines of activity.sh. */
export function parseActivity(rows: readonly string[]): ActivityFacts {
  const fields = rows.map((row) => row.split("\t"));
  return {
    sessions: fields.flatMap(parseSession),
    inhibitors: fields.flatMap(parseInhibitor),
    packageManagers: fields.flatMap(parsePackageManager),
  };
}

function parseSession([kind, , user = "", terminal = "", from = "", since = ""]: readonly string[]): LoginSession[] {
  if (kind !== "session") return [];
  const origin = unquote(from);
  const sinceUs = /^\d{1,16}$/.test(since) ? Number(since) : 0;
  return [
    {
      user: unquote(user),
      terminal: unquote(terminal),
      ...(origin !== "" && { from: origin }),
      ...(sinceUs > 0 && { sinceMs: Math.floor(sinceUs / 1000) }),
    },
  ];
}

function parseInhibitor([kind, pid = "", who = "", why = ""]: readonly string[]): Inhibitor[] {
  return kind === "inhibitor" ? [{ pid, who: unescapeText(unquote(who)), why: unescapeText(unquote(why)) }] : [];
}

function parsePackageManager([kind, pid = "", name = "", lock = ""]: readonly string[]): PackageManager[] {
  return kind === "package" ? [{ pid, name, lock }] : [];
}

/** systemd writes values that need it in double quotes, as a shell reads them; older releases write them as they are. */
function unquote(text: string): string {
  const inner = /^"(.*)"$/s.exec(text)?.[1];
  return inner === undefined ? text : inner.replace(/\\(["\\`$])/g, "$1");
}

const LETTERS: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** The texts of inhibitors are escaped as in C before they are quoted; bytes beyond ASCII are octal. */
function unescapeText(text: string): string {
  const bytes: number[] = [];
  for (const [, octal, letter, plain = ""] of text.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+|\\)/gs)) {
    if (octal !== undefined) bytes.push(parseInt(octal, 8) & 255);
    else if (letter !== undefined) bytes.push(...(letter in LETTERS ? [LETTERS[letter] ?? 0] : Buffer.from(letter)));
    else bytes.push(...Buffer.from(plain));
  }
  // A text for people on one line: nothing in it may move a terminal's cursor.
  return Buffer.from(bytes)
    .toString("utf8")
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}
