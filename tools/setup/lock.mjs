import { mkdir, open, rm, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./output.mjs";

/** How often a holder shows that it lives, and how long it may be silent before another takes over. */
const HEARTBEAT_MS = 2_000;
const STALE_MS = 20_000;

/**
 * Runs work while holding a lock file, waiting for another run to finish first. The lock is kept fresh by its time stamp,
 * not by a process number, because two containers that share a cache folder do not share those.
 */
export async function withLock(path, what, work) {
  await mkdir(dirname(path), { recursive: true });
  await acquire(path, what);
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A lock that somebody removed is theirs to answer for; the work itself ends in an atomic rename.
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  }
}

async function acquire(path, what) {
  for (let attempt = 0; !(await tryCreate(path)); attempt += 1) {
    if (attempt === 0) say(`another run is busy with ${what}; waiting for it (${path})`);
    if (await isStale(path)) await rm(path, { force: true });
    else await sleep(500);
  }
}

async function tryCreate(path) {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

async function isStale(path) {
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}
