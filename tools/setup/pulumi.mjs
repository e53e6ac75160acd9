import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { findCacheFolder, findCommand, isExecutable, repositoryRoot } from "./folders.mjs";
import { withLock } from "./lock.mjs";
import { say } from "./output.mjs";
import { capture } from "./process.mjs";
import { buildPulumi, hashBuild, PULUMI_VERSION } from "./pulumi-build.mjs";

/** The oldest CLI that serves: since 3.216 a dynamic provider's `read` is given the inputs. */
const MINIMUM = [3, 216];

/** The executable that the engine starts for dynamic resources: it comes with the npm package, not with a bare CLI. */
const DYNAMIC_PLUGIN = "pulumi-resource-pulumi-nodejs";

/**
 * Finds or makes a Pulumi CLI that can run dynamic providers, and returns the folder whose `bin/pulumi` it is, as
 * `PulumiCommand.get({ root })` wants it. Needs installed npm dependencies.
 */
export async function ensurePulumi() {
  const found = await findInstalledPulumi();
  if (found !== undefined) return found;
  return ensureBuiltPulumi();
}

async function findInstalledPulumi() {
  const command = findCommand("pulumi");
  if (command === undefined) return undefined;
  const { stdout } = await capture([command, "version"], {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  const version = stdout.trim();
  if (!isRecentEnough(version)) {
    say(`${command} says it is ${version || "of no version"}, and 3.${MINIMUM[1]} or newer is needed: not using it`);
    return undefined;
  }
  say(`Pulumi CLI ${version} from ${command}`);
  return hasPluginAndLayout(command) ? dirname(dirname(command)) : linkWithPlugin(command);
}

function isRecentEnough(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major === MINIMUM[0] && minor >= MINIMUM[1];
}

function hasPluginAndLayout(command) {
  if (basename(dirname(command)) !== "bin") return false;
  const beside = [dirname(command), dirname(realpathSync(command))];
  return findCommand(DYNAMIC_PLUGIN, beside) !== undefined;
}

/** A CLI that lacks the plugin gets it from the installed npm package, in a folder of links: its own is left as it is. */
async function linkWithPlugin(command) {
  const key = createHash("sha256").update(command).update(repositoryRoot).digest("hex").slice(0, 12);
  const root = join(findCacheFolder(), `pulumi-linked-${key}`);
  if (isComplete(root)) return root;
  await rm(root, { recursive: true, force: true });
  await mkdir(join(root, "bin"), { recursive: true });
  await symlink(command, join(root, "bin", "pulumi"));
  await symlink(findPackagedPlugin(), join(root, "bin", DYNAMIC_PLUGIN));
  return root;
}

async function ensureBuiltPulumi() {
  const root = join(findCacheFolder(), `pulumi-${PULUMI_VERSION}-${hashBuild()}`);
  if (!isComplete(root)) {
    await withLock(`${root}.lock`, "building the Pulumi CLI", async () => {
      if (!isComplete(root)) await buildInto(root);
    });
  }
  say(`Pulumi CLI ${PULUMI_VERSION} from ${root}`);
  return root;
}

function isComplete(root) {
  return isExecutable(join(root, "bin", "pulumi")) && isExecutable(join(root, "bin", DYNAMIC_PLUGIN));
}

/** Builds under another name and renames, so that a run that was cut short leaves nothing that looks finished. */
async function buildInto(root) {
  const temporary = await mkdtemp(`${root}.building-`);
  try {
    await mkdir(join(temporary, "bin"));
    await buildPulumi(join(temporary, "bin", "pulumi"));
    await copyFile(findPackagedPlugin(), join(temporary, "bin", DYNAMIC_PLUGIN));
    await rm(root, { recursive: true, force: true });
    await rename(temporary, root);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function findPackagedPlugin() {
  const plugin = join(repositoryRoot, "node_modules", "@pulumi", "pulumi", DYNAMIC_PLUGIN);
  if (!existsSync(plugin)) throw new Error(`${plugin} is missing: run npm ci`);
  return plugin;
}
