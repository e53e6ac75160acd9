import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { findCacheFolder, hashInputs, repositoryRoot } from "./folders.mjs";
import { withLock } from "./lock.mjs";
import { formatDuration, say, sayHeading } from "./output.mjs";
import { runOrThrow } from "./process.mjs";

const SCRIPTS = join(repositoryRoot, "tests", "lab", "images");
const IMAGE_SCRIPT = join(SCRIPTS, "build-image.sh");
/** What makes the images; what is special to one stands in a file of its name. */
const SHARED = [IMAGE_SCRIPT, join(SCRIPTS, "boot.sh")];

/** File systems that disks are made of. */
const HYPERVISOR = { script: join(SCRIPTS, "build-base.sh"), name: "base", what: "what the lab's disks share" };
const BARE = {
  script: join(SCRIPTS, "build-bare-base.sh"),
  name: "bare-base",
  what: "a lab host without libvirt",
  from: HYPERVISOR,
};

/** The images: the variable that names the folder of each to the tests, what it is made of, and whose file it reads too. */
const IMAGES = {
  "grub-bios": { variable: "PASSTHROUGH_LAB", base: HYPERVISOR },
  "grub-uefi": { variable: "PASSTHROUGH_LAB_GRUB_UEFI", base: HYPERVISOR },
  "systemd-boot": { variable: "PASSTHROUGH_LAB_SYSTEMD_BOOT", base: HYPERVISOR },
  bare: { variable: "PASSTHROUGH_LAB_BARE", base: BARE, reads: ["grub-bios"] },
};

/** Builds the lab hosts' disks that the cache lacks, and puts the folders that hold them into the tests' environment. */
export async function ensureLabImages() {
  for (const [image, { variable, base, reads = [] }] of Object.entries(IMAGES)) {
    process.env[variable] ??= await ensureImage(image, base, reads);
  }
}

async function ensureImage(image, base, reads) {
  const scripts = [image, ...reads].map((name) => join(SCRIPTS, `${name}.sh`));
  const key = hashInputs({ files: [...SHARED, ...scripts], words: [hashBase(base)] });
  const folder = join(findCacheFolder(), `lab-${image}-${key}`);
  await ensureBuilt(folder, "base.qcow2", `the lab's disk ${image}`, async (temporary) => {
    await runOrThrow([IMAGE_SCRIPT, image, await ensureBase(base), temporary]);
  });
  say(`lab disk ${image} from ${folder}`);
  return folder;
}

async function ensureBase(base) {
  const { script, name, what, from } = base;
  const folder = join(findCacheFolder(), `lab-${name}-${hashBase(base)}`);
  await ensureBuilt(folder, "root.tar", what, async (temporary) => {
    const source = from === undefined ? [] : [await ensureBase(from)];
    await runOrThrow([script, ...source, temporary]);
  });
  return folder;
}

function hashBase({ script, from }) {
  return hashInputs({ files: [script], words: from === undefined ? [] : [hashBase(from)] });
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
