import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Change } from "../../provider/src/model/change";
import { newNonce, wholeScript } from "../../provider/src/host/snapshot/script";
import { renderChange } from "../../provider/src/host/transaction/render";
import { changeFunctions } from "../../provider/src/host/transaction/run";

/**
 * GRUB replays no journal, so what it sees at an instant is not what Linux sees. GRUB's own file system drivers, which
 * grub-fstest runs as a program, read the disk of a mounted file system here, between the steps of a transaction.
 */
const FILE_SYSTEMS = [
  { type: "ext4", make: ["mkfs.ext4", "-q"] },
  { type: "xfs", make: ["mkfs.xfs", "-q"] },
  { type: "btrfs", make: ["mkfs.btrfs", "-q"] },
];

/** mkfs.xfs makes none that is smaller than 300 MB. */
const DISK_SIZE = "400M";

const OLD = "title old\n";
/** More than a file system keeps inside its own records, as an initial ramdisk is. */
const NEW = `title new\n${"# a line\n".repeat(100_000)}`;

const CHANGE: Change = {
  label: "probe",
  expectations: [],
  steps: [
    { kind: "write", path: "/boot/entry.conf", text: NEW },
    { kind: "write", path: "/boot/made.conf", text: NEW },
    { kind: "remove", path: "/boot/trial.conf" },
  ],
};

/** The files that a boot loader may read, and the one that is to take the place of another. */
const WATCHED = ["entry.conf", "entry.conf.passthrough-new", "made.conf", "trial.conf"];

/** Why a file system cannot be mounted on this machine; undefined where it can. */
function findObstacle(type: string): string | undefined {
  if (process.getuid?.() !== 0) return "only root may mount";
  if (spawnSync("losetup", ["-f"]).status !== 0) return "there is no loop device";
  spawnSync("modprobe", [type]);
  const known = readFileSync("/proc/filesystems", "utf8").split(/\s+/);
  return known.includes(type) ? undefined : `this kernel has no ${type}`;
}

describe("what a boot loader sees between the steps of a transaction", () => {
  let folder: string;
  let disk: string;
  let boot: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "passthrough-boot-"));
    disk = join(folder, "disk");
    boot = join(folder, "root", "boot");
    mkdirSync(boot, { recursive: true });
  });

  afterEach(() => {
    spawnSync("umount", [boot]);
    rmSync(folder, { recursive: true });
  });

  for (const { type, make } of FILE_SYSTEMS) {
    const obstacle = findObstacle(type);
    const title = `${type}: whole files, old or new, and the new ones as soon as a step is over`;
    if (obstacle !== undefined) process.stderr.write(`NOT RUN: ${title}: ${obstacle}\n`);
    (obstacle === undefined ? it : it.skip)(title, () => {
      expectWholeFiles(make);
    });
  }

  function expectWholeFiles(make: readonly string[]): void {
    execFileSync("truncate", ["-s", DISK_SIZE, disk]);
    execFileSync(make[0] ?? "", [...make.slice(1), disk]);
    execFileSync("mount", ["-o", "loop", disk, boot]);
    for (const name of ["entry.conf", "trial.conf"]) writeFileSync(join(boot, name), OLD);
    // What lies there since long is in its place.
    execFileSync("umount", [boot]);
    execFileSync("mount", ["-o", "loop", disk, boot]);

    const seen = runWatched();

    const before = { "entry.conf": "old", "made.conf": "absent", "trial.conf": "old" };
    const after = { ...before, "entry.conf": "new" };
    const made = { ...after, "made.conf": "new" };
    expect(seen).toEqual([
      ["lock", { ...before, "entry.conf.passthrough-new": "absent" }],
      ["write boot/entry.conf", { ...before, "entry.conf.passthrough-new": "absent" }],
      ["rename boot/entry.conf", { ...before, "entry.conf.passthrough-new": "new" }],
      ["write boot/made.conf", { ...after, "entry.conf.passthrough-new": "absent" }],
      ["rename boot/made.conf", { ...after, "entry.conf.passthrough-new": "absent" }],
      ["remove boot/trial.conf", { ...made, "entry.conf.passthrough-new": "absent" }],
      ["commit", { ...made, "trial.conf": "absent", "entry.conf.passthrough-new": "absent" }],
    ]);
  }

  /** Runs the change, and tells for each step what each file was when it began. */
  function runWatched(): [string, Record<string, string>][] {
    const hook = join(folder, "hook");
    const log = join(folder, "log");
    writeFileSync(hook, renderHook(log));
    chmodSync(hook, 0o755);
    const nonce = newNonce();
    const script = wholeScript(nonce, [...changeFunctions(), renderChange(CHANGE)]);
    const env = { ...process.env, PASSTHROUGH_ROOT: join(folder, "root"), PASSTHROUGH_STEP_HOOK: hook };
    const { stdout, stderr, status } = spawnSync("sh", { input: script, env, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toContain(`@@${nonce} result done`);
    return readFileSync(log, "utf8").trim().split("\n").map(parseLine);
  }

  function renderHook(log: string): string {
    const look = WATCHED.map(
      (name) => `printf ' ${name}=%s' "$(grub-fstest ${disk} cat /${name} 2>&1 | sha256sum | cut -d ' ' -f 1)"`,
    );
    return ["#!/bin/sh", "{", `printf '%s:' "$1"`, ...look, "echo", `} >>${log}`, ""].join("\n");
  }
});

function parseLine(line: string): [string, Record<string, string>] {
  const [step = "", looks = ""] = line.split(": ");
  const pairs = looks.split(" ").map((look) => look.split("=") as [string, string]);
  return [step, Object.fromEntries(pairs.map(([name, hash]) => [name, describeContent(name, hash)]))];
}

function describeContent(name: string, hash: string): string {
  const missing = `grub-fstest: error: cannot open \`/${name}': file \`/${name}' not found.\n`;
  const known = Object.entries({ old: OLD, new: NEW, absent: missing });
  const content = known.find(([, text]) => createHash("sha256").update(text).digest("hex") === hash)?.[0];
  return content ?? `something else (${hash})`;
}
