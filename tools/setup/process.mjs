import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./output.mjs";

/** How long to wait before a download is tried again, each time. */
const RETRY_DELAYS_MS = [5_000, 30_000];

/** Runs a command with its output on ours and no standard input, and returns its exit code; ends it when its time is up. */
export function run(argv, { cwd, env, timeoutMs } = {}) {
  const deadline = timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: "SIGKILL" };
  return start(argv, { cwd, env, stdio: ["ignore", "inherit", "inherit"], ...deadline }).finished;
}

/** Runs a command that must succeed; otherwise throws, naming the command. */
export async function runOrThrow(argv, options) {
  const exitCode = await run(argv, options);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ended with exit code ${exitCode}`);
}

/** Runs a command that fetches things, again when it fails: a registry may be out of reach for a moment. */
export async function download(argv, options) {
  for (const delay of RETRY_DELAYS_MS) {
    const exitCode = await run(argv, options);
    if (exitCode === 0) return;
    say(`${argv.join(" ")}: ended with exit code ${exitCode}; once more in ${delay / 1000} s`);
    await sleep(delay);
  }
  await runOrThrow(argv, options);
}

/** Runs a command, hands each line of both its streams to `onLine`, and returns its exit code. */
export async function runByLine(argv, { cwd, env, onLine }) {
  const { child, finished } = start(argv, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", onLine);
  return finished;
}

/** Runs a command quietly and returns its exit code and all that it wrote. */
export async function capture(argv, { cwd, env } = {}) {
  const { child, finished } = start(argv, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      output[name] += text;
    });
  }
  return { exitCode: await finished, ...output };
}

/** Exit code of a command that could not be started, the one that shells use. */
const NOT_FOUND = 127;

function start(argv, options) {
  const [file, ...rest] = argv;
  const child = spawn(file, rest, options);
  const finished = new Promise((resolve, reject) => {
    child.once("error", (error) => (error.code === "ENOENT" ? resolve(NOT_FOUND) : reject(error)));
    child.once("close", (exitCode, signal) => resolve(signal === null ? exitCode : 128));
  });
  return { child, finished };
}
