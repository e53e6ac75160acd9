import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { findCacheFolder, hashInputs, repositoryRoot } from "./folders.mjs";
import { withLock } from "./lock.mjs";
import { formatDuration, say, sayHeading } from "./output.mjs";
import { runOrThrow } from "./process.mjs";

const SCRIPT = join(repositoryRoot, "tests", "lab", "build-image.sh");

/** Builds the lab host's disk if the cache lacks it, and returns the folder that holds it with its keys. */
export async function ensureLabImage() {
  const folder = join(findCacheFolder(), `lab-${hashInputs({ files: [SCRIPT] })}`);
  if (!isComplete(folder)) {
    await withLock(`${folder}.lock`, "building the lab's disk", async () => {
      if (!isComplete(folder)) await buildInto(folder);
    });
  }
  say(`lab disk from ${folder}`);
  return folder;
}

function isComplete(folder) {
  return existsSync(join(folder, "base.qcow2"));
}

async function buildInto(folder) {
  sayHeading("building the lab's disk (once; a few minutes)");
  const started = Date.now();
  const temporary = await mkdtemp(`${folder}.building-`);
  try {
    await runOrThrow([SCRIPT, temporary]);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  say(`built the lab's disk in ${formatDuration(Date.now() - started)}`);
}
