import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { findCacheFolder, hashInputs, repositoryRoot } from "./folders.mjs";
import { withLock } from "./lock.mjs";
import { formatDuration, say, sayHeading } from "./output.mjs";
import { runOrThrow } from "./process.mjs";

const SCRIPTS = join(repositoryRoot, "tests", "lab", "images");
const BASE_SCRIPT = join(SCRIPTS, "build-base.sh");
const IMAGE_SCRIPT = join(SCRIPTS, "build-image.sh");
/** What makes the images; what is special to one stands in a file of its name. */
const SHARED = [IMAGE_SCRIPT, join(SCRIPTS, "boot.sh")];

/** The images, and the variable that names the folder of each to the tests. */
const IMAGES = {
  "grub-bios": "PASSTHROUGH_LAB",
  "grub-uefi": "PASSTHROUGH_LAB_GRUB_UEFI",
  "systemd-boot": "PASSTHROUGH_LAB_SYSTEMD_BOOT",
};

/** Builds the lab hosts' disks that the cache lacks, and puts the folders that hold them into the tests' environment. */
export async function ensureLabImages() {
  for (const [image, variable] of Object.entries(IMAGES)) {
    process.env[variable] ??= await ensureImage(image);
  }
}

async function ensureImage(image) {
  const base = hashInputs({ files: [BASE_SCRIPT] });
  const key = hashInputs({ files: [...SHARED, join(SCRIPTS, `${image}.sh`)], words: [base] });
  const folder = join(findCacheFolder(), `lab-${image}-${key}`);
  await ensureBuilt(folder, "base.qcow2", `the lab's disk ${image}`, async (temporary) => {
    await runOrThrow([IMAGE_SCRIPT, image, await ensureBase(base), temporary]);
  });
  say(`lab disk ${image} from ${folder}`);
  return folder;
}

async function ensureBase(key) {
  const folder = join(findCacheFolder(), `lab-base-${key}`);
  await ensureBuilt(folder, "root.tar", "what the lab's disks share", (temporary) =>
    runOrThrow([BASE_SCRIPT, temporary]),
  );
  return folder;
}

/** A folder that is there is complete, because it gets its name last. */
async function ensureBuilt(folder, result, what, build) {
  function isComplete() {
    return existsSync(join(folder, result));
  }
  if (isComplete()) return;
  await withLock(`${folder}.lock`, `building ${what}`, async () => {
    if (!isComplete()) await buildInto(folder, what, build);
  });
}

async function buildInto(folder, what, build) {
  sayHeading(`building ${what} (once; a few minutes)`);
  const started = Date.now();
  const temporary = await mkdtemp(`${folder}.building-`);
  try {
    await build(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  say(`built ${what} in ${formatDuration(Date.now() - started)}`);
}
