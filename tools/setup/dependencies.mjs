import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findCacheFolder, hashInputs, repositoryRoot } from "./folders.mjs";
import { withLock } from "./lock.mjs";
import { sayHeading, withProgress } from "./output.mjs";
import { download } from "./process.mjs";

/** Installs the locked npm dependencies when they are missing or do not match the lock file. */
export async function ensureDependencies() {
  if (areInstalled()) return;
  // Not inside the checkout: npm ci empties node_modules, and anywhere else the file could be committed.
  const lock = join(findCacheFolder(), `npm-ci-${hashInputs({ words: [repositoryRoot] })}.lock`);
  await withLock(lock, "installing dependencies", async () => {
    if (areInstalled()) return;
    sayHeading("installing npm dependencies (npm ci)");
    const argv = ["npm", "ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
    await withProgress(
      (elapsed) => `  ${elapsed}: fetching and unpacking`,
      () => download(argv, { cwd: repositoryRoot }),
    );
  });
}

/**
 * npm leaves a copy of what it installed in node_modules. Its contents are compared, since a checkout gives the lock
 * file a new time stamp without changing it.
 */
function areInstalled() {
  const installed = join(repositoryRoot, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const present = readPackages(installed);
  const locked = Object.entries(readPackages(join(repositoryRoot, "package-lock.json")));
  return locked.every(
    ([path, entry]) => path === "" || entry.optional === true || present[path]?.version === entry.version,
  );
}

function readPackages(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}
