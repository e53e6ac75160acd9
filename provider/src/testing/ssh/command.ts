import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";

import type { ServerChannel } from "ssh2";

import { childAccount } from "../root/host-files";

/** How commands run: by which shell, where, and with what they see. */
export interface CommandSettings {
  readonly shell: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A command of one session, running in a process group of its own. */
export class RunningCommand {
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
  }

  /** Sends a signal to the whole process group. */
  kill(signal: NodeJS.Signals): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Runs a command and joins its streams with the session's channel. `onInput` sees what arrives on standard input. */
export function runCommand(
  channel: ServerChannel,
  command: string,
  settings: CommandSettings,
  onInput: (chunk: Buffer) => void,
): RunningCommand {
  const account = childAccount();
  const child = spawn(settings.shell, ["-c", command], {
    cwd: settings.folder,
    env: settings.environment,
    detached: true,
    ...(account === undefined ? {} : { uid: account, gid: account }),
  });
  channel.on("data", onInput);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  // Writing to a command that no longer reads is the client's business, not the server's.
  child.stdin.on("error", () => undefined);
  channel.on("error", () => undefined);
  channel.on("close", () => {
    // As with a real server: the command is not told, but its output has nowhere to go.
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on("error", (error) => {
    channel.stderr.write(`simulated host: ${error.message}\n`);
    channel.exit(127);
    channel.end();
  });
  child.on("close", (code, signal) => {
    if (channel.destroyed) return;
    if (signal === null) channel.exit(code ?? 1);
    else channel.exit(signal.replace("SIG", ""), false, "");
    channel.end();
  });
  return new RunningCommand(child);
}
