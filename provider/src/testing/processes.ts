import fs from "node:fs";

/** Environment variable that marks every process of a simulated host with the host's folder. */
export const HOST_MARK = "SIMULATED_HOST";
/** Environment variable that marks every process of one command with the command's number. */
export const COMMAND_MARK = "SIMULATED_COMMAND_NUMBER";

/**
 * Kills every process whose environment holds all these settings. Process groups do not suffice: `timeout` and `setsid`
 * make groups of their own. Where there is no `/proc`, only groups are killed, by the caller.
 */
export function killMarked(marks: Readonly<Record<string, string>>): void {
  const wanted = Object.entries(marks).map(([name, value]) => `${name}=${value}`);
  // All of them stand still before the first one dies: a shell whose child is killed would go on with its next line, and a
  // process may start another while we look.
  const stopped = new Set<number>();
  for (let before = -1; before < stopped.size;) {
    before = stopped.size;
    for (const pid of listProcesses()) {
      if (pid === process.pid || stopped.has(pid) || !hasAll(pid, wanted)) continue;
      signal(pid, "SIGSTOP");
      stopped.add(pid);
    }
  }
  for (const pid of stopped) signal(pid, "SIGKILL");
}

/** Value of a mark in a process's environment; undefined when it has none or is gone. */
export function readMark(pid: number, name: string): string | undefined {
  return readEnvironment(pid)
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

function listProcesses(): number[] {
  if (!fs.existsSync("/proc")) return [];
  return fs
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

function hasAll(pid: number, wanted: readonly string[]): boolean {
  const found = readEnvironment(pid);
  return wanted.every((one) => found.includes(one));
}

function readEnvironment(pid: number): string[] {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    // It has ended, or it is not ours to look at.
    return [];
  }
}

function signal(pid: number, name: "SIGSTOP" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
