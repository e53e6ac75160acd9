import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root folder of the repository. */
export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The folder for what is slow to make and the same for every checkout: the Pulumi CLI, the lab's disk. */
export function findCacheFolder() {
  const base = process.env.XDG_CACHE_HOME;
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "pulumi-passthrough");
}

/** A short key that changes when one of the files or words that something is made from changes. */
export function hashInputs({ files = [], words = [] }) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file)).update("\0");
  for (const word of words) hash.update(word).update("\0");
  return hash.digest("hex").slice(0, 12);
}

/** The full path of a command on PATH (or in one of the extra folders), if it is there. */
export function findCommand(name, extraFolders = []) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...extraFolders];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether the path is a file that may be run. */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
