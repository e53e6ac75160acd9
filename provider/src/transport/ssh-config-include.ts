import { readdir } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { glob, parse } from "ssh-config";
import { expandPath, type LocalEnvironment, readTextFile } from "./environment";

const MAX_DEPTH = 16;

/** What decides whether a section of the file concerns us. */
export interface ConfigQuery {
  readonly host: string;
  readonly user: string | undefined;
}

/** The first values that a text sets for a host, by the option's name in lower case. */
export function computeConfig(text: string, query: ConfigQuery): Record<string, string | string[]> {
  const options = query.user === undefined ? { Host: query.host } : { Host: query.host, User: query.user };
  // `Match exec` would run commands of the file in a syntax that only bash understands.
  return parse(text).compute(options, { ignoreCase: true, matchExec: false });
}

/**
 * Text of an ssh config file with the files that it includes in their places. The library leaves `Include` alone. An
 * included file ends the section around it, so that section's head is repeated behind it.
 */
export async function readConfigText(path: string, query: ConfigQuery, env: LocalEnvironment): Promise<string> {
  return (await readIncluded(path, query, env, 0)) ?? "";
}

async function readIncluded(
  path: string,
  query: ConfigQuery,
  env: LocalEnvironment,
  depth: number,
): Promise<string | undefined> {
  if (depth > MAX_DEPTH) throw new Error(`${path} includes files more than ${MAX_DEPTH} levels deep`);
  const text = await readTextFile(path);
  if (text === undefined) return undefined;
  const lines: string[] = [];
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const word = /^\s*([A-Za-z]+)/.exec(line)?.[1]?.toLowerCase();
    if (word === "host" || word === "match") section = line;
    if (word !== "include") {
      lines.push(spellOption(line));
    } else if (isActive(section, query)) {
      for (const file of await listIncluded(line, env)) {
        lines.push((await readIncluded(file, query, env, depth + 1)) ?? "");
      }
      lines.push(section);
    }
  }
  return lines.join("\n");
}

/** The library follows these two options for `Match` only when they are spelt like this. */
function spellOption(line: string): string {
  return line.replace(/^(\s*)hostname\b/i, "$1HostName").replace(/^(\s*)user\b/i, "$1User");
}

function isActive(section: string, query: ConfigQuery): boolean {
  return section === "" || computeConfig(`${section}\n  Tag active`, query)["tag"] === "active";
}

async function listIncluded(line: string, env: LocalEnvironment): Promise<string[]> {
  const [directive] = parse(line.trim());
  if (directive === undefined || !("value" in directive)) return [];
  const { value } = directive;
  const patterns = typeof value === "string" ? [value] : value.map((word) => word.val);
  const files: string[] = [];
  for (const pattern of patterns) {
    files.push(
      ...(await expandPattern(
        pattern.startsWith("~") ? expandPath(pattern, env) : resolve(env.homeDir, ".ssh", pattern),
      )),
    );
  }
  return files;
}

/** Existing paths that match an absolute path with wildcards, in order of name. */
async function expandPattern(pattern: string): Promise<string[]> {
  let paths: string[] = [sep];
  for (const part of pattern.split(sep).filter((name) => name !== "")) {
    if (!/[*?]/.test(part)) {
      paths = paths.map((path) => join(path, part));
      continue;
    }
    const found: string[] = [];
    for (const path of paths) {
      const names = await readdir(path).catch(() => []);
      const matching = names.filter((name) => glob([part], name) && !name.startsWith("."));
      found.push(...matching.sort().map((name) => join(path, name)));
    }
    paths = found;
  }
  return paths;
}
