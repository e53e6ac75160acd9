#!/usr/bin/env node
import { constants } from "node:os";
import { readSecrets, askTerminal } from "./secrets";
import { runCommand } from "./program";
import { openTerminal } from "./terminal";

/** Thrown out of everything that waits when the user has had enough. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** What shells make of an end by a signal. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const interruption = new AbortController();
  const { signal } = interruption;
  for (const name of SIGNALS) {
    // The first one closes the connections; a second one ends the process as usual.
    process.once(name, () => {
      interruption.abort(new Interrupted(name));
    });
  }
  // Whoever reads our output may have seen enough, as `head` has.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  const terminal = openTerminal(process, !words.includes("--no-color"));
  const ask = askTerminal(process.stdin, process.stderr, signal);
  try {
    return await runCommand(words, {
      terminal,
      signal,
      readSecrets: (questions) => readSecrets(questions, { environment: process.env, ask }),
    });
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    throw error;
  }
}

void main().then((exitCode) => {
  process.exitCode = exitCode;
});
