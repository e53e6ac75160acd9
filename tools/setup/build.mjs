import { existsSync, readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { findCacheFolder, hashInputs, repositoryRoot } from "./folders.mjs";
import { withLock } from "./lock.mjs";
import { formatDuration, say } from "./output.mjs";
import { run } from "./process.mjs";

const SOURCES = join(repositoryRoot, "provider", "src");
const OUTPUT = join(repositoryRoot, "dist");
const WORK = join(repositoryRoot, "node_modules", ".cache", "pulumi-passthrough");
const KEY_FILE = ".build-key";
const CONFIGURATION = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];

/** Compiles provider/src into dist and copies the files beside it that are not TypeScript; does nothing if nothing changed. */
export async function ensureBuild() {
  const lock = join(findCacheFolder(), `build-${hashInputs({ words: [repositoryRoot] })}.lock`);
  await withLock(lock, "the build", async () => {
    const files = await listFiles(SOURCES);
    const key = await hashSources(files);
    if (readKey() !== key) await build(files, key);
  });
}

async function build(files, key) {
  const started = Date.now();
  await mkdir(WORK, { recursive: true });
  const temporary = await mkdtemp(join(WORK, "dist-"));
  try {
    await compile(temporary);
    await copyAssets(files, temporary);
    await makeCommandsExecutable(temporary);
    await writeFile(join(temporary, KEY_FILE), key);
    // mkdtemp makes a folder that only its owner may enter, and the hosts of the tests run programs as other users.
    await chmod(temporary, 0o755);
    await rm(OUTPUT, { recursive: true, force: true });
    await rename(temporary, OUTPUT);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  say(`built dist in ${formatDuration(Date.now() - started)}`);
}

async function compile(outDir) {
  const compiler = join(repositoryRoot, "node_modules", "typescript", "bin", "tsc");
  const exitCode = await run([process.execPath, compiler, "-p", "tsconfig.build.json", "--outDir", outDir], {
    cwd: repositoryRoot,
  });
  if (exitCode !== 0) throw new Error("the TypeScript compiler found errors: dist is left as it was");
}

async function copyAssets(files, outDir) {
  for (const file of files.filter(isAsset)) {
    const target = join(outDir, file);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(SOURCES, file), target);
    await chmod(target, (await stat(join(SOURCES, file))).mode);
  }
}

/** npm does so when it installs the package; a checkout is used as it is. */
async function makeCommandsExecutable(outDir) {
  const { bin } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8"));
  for (const path of Object.values(bin)) await chmod(join(outDir, relative("dist", path)), 0o755);
}

/** The pages beside the resources are for readers of the repository, not for programs. */
function isAsset(file) {
  return !file.endsWith(".ts") && !file.endsWith(".md");
}

async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.map((path) => path.slice(folder.length + 1)).sort();
}

async function hashSources(files) {
  const modes = await Promise.all(files.map(async (file) => `${file} ${(await stat(join(SOURCES, file))).mode}`));
  const paths = [
    ...CONFIGURATION.map((name) => join(repositoryRoot, name)),
    ...files.map((file) => join(SOURCES, file)),
  ];
  return hashInputs({ files: paths, words: modes });
}

function readKey() {
  const path = join(OUTPUT, KEY_FILE);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
