import { readFile, stat } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { resolve } from "node:path";
import { readErrorCode } from "./errors";

/** What the machine that runs us contributes to a connection; tests put their own in its place. */
export interface LocalEnvironment {
  readonly homeDir: string;
  readonly userName: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** known_hosts files of the whole machine. */
  readonly globalKnownHosts: readonly string[];
}

/** The environment of this process. */
export function readLocalEnvironment(): LocalEnvironment {
  return {
    homeDir: homedir(),
    userName: readUserName(),
    variables: process.env,
    globalKnownHosts: ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
  };
}

/** A user without an entry in the password database, as in many containers, has only the variables. */
function readUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env["USER"] ?? process.env["LOGNAME"] ?? "root";
  }
}

/** Replaces a leading `~` and makes the path absolute. */
export function expandPath(path: string, env: LocalEnvironment): string {
  if (path === "~") return env.homeDir;
  return path.startsWith("~/") ? resolve(env.homeDir, path.slice(2)) : resolve(path);
}

/** Text of a file; undefined when there is none. Any other failure is thrown. */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (saysMissing(error)) return undefined;
    throw error;
  }
}

/** Whether nothing has this path. */
export async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(() => false, saysMissing);
}

function saysMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(readErrorCode(error) ?? "");
}
