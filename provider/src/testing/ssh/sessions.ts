import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { ServerChannel } from "ssh2";

import { COMMAND_MARK } from "../processes";
import type { RunningCommand } from "./command";
import { runCommand } from "./command";
import type { RunningSession } from "./server";

/** A command that was sent to the host, and what it got on standard input. */
export interface RecordedCommand {
  readonly command: string;
  readonly script: string;
}

/** Where and with what the commands of a host run. */
export interface SessionSettings {
  readonly base: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly latencyMs: number;
}

/** Programs that the ordinary child of a full disk may not write with: every write to a file fails. */
const FULL_DISK = "ulimit -f 0; trap '' XFSZ; ";

/** The commands of all connections: runs them, records them, and spoils them as a test asks. */
export class Sessions {
  readonly recorded: { command: string; script: string }[] = [];
  /** Called before each command starts; it starts when the callbacks are done. */
  readonly beforeCommand: ((command: string) => void | Promise<void>)[] = [];
  /** Text that goes out before a command's own output, as a chatty login script's. */
  garbage = "";
  isDiskFull = false;
  readonly #settings: SessionSettings;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  serve(channel: ServerChannel, command: string): RunningSession {
    const record = { command, script: "" };
    this.recorded.push(record);
    const number = this.recorded.length;
    let running: RunningCommand | undefined;
    const start = async (): Promise<void> => {
      if (this.#settings.latencyMs > 0) await sleep(this.#settings.latencyMs);
      for (const callback of this.beforeCommand) await callback(command);
      if (channel.destroyed) return;
      if (this.garbage !== "") channel.write(this.garbage);
      running = this.#run(channel, record, number);
    };
    void start();
    return {
      signal: (name) => {
        running?.kill(`SIG${name}` as NodeJS.Signals);
      },
    };
  }

  #run(channel: ServerChannel, record: { command: string; script: string }, number: number): RunningCommand {
    const { base, environment } = this.#settings;
    const settings = {
      shell: path.join(base, "bin", "sh"),
      folder: path.join(base, "root", "root"),
      environment: { ...environment, [COMMAND_MARK]: String(number) },
    };
    const command = this.isDiskFull ? FULL_DISK + record.command : record.command;
    return runCommand(channel, command, settings, (chunk) => {
      record.script += chunk.toString("utf8");
    });
  }
}
