import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** A folder in memory, where Linux has one: hosts are hundreds of small files each. */
const MEMORY = "/dev/shm";
const NEEDED_BYTES = 128 * 1024 * 1024;

let chosen: string | undefined;
const live = new Set<string>();

/** Makes an empty folder for a host, in memory where there is room and programs may run from it. */
export function makeBaseFolder(): string {
  chosen ??= isUsable(MEMORY) ? MEMORY : os.tmpdir();
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(chosen, "simulated-host-")));
  if (live.size === 0) process.once("exit", removeAll);
  live.add(folder);
  return folder;
}

/** Removes a host's folder. */
export function removeBaseFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
  live.delete(folder);
  if (live.size === 0) process.removeListener("exit", removeAll);
}

/** What a process leaves behind that ends without stopping its hosts; memory would hold it until the machine restarts. */
function removeAll(): void {
  for (const folder of live) fs.rmSync(folder, { recursive: true, force: true });
}

function isUsable(folder: string): boolean {
  try {
    const { bavail, bsize } = fs.statfsSync(folder);
    return bavail * bsize >= NEEDED_BYTES && mayRunPrograms(folder);
  } catch {
    // Not there, not writable, or mounted without the right to run programs: then it does not serve.
    return false;
  }
}

function mayRunPrograms(folder: string): boolean {
  const trial = fs.mkdtempSync(path.join(folder, "simulated-host-"));
  try {
    const program = path.join(trial, "program");
    fs.writeFileSync(program, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    execFileSync(program);
    return true;
  } finally {
    fs.rmSync(trial, { recursive: true, force: true });
  }
}
