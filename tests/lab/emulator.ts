import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { renderArguments, type MachineFiles, type MachineSetup } from "./machine";

/** A test run that is killed has no chance to switch its machines off; the kernel does it then. */
const DIE_WITH_PARENT = ["--pdeathsig", "KILL", "qemu-system-x86_64"];

/** One running emulator process; a machine that is switched off and on again gets another one. */
export class Emulator {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // An emulator that cannot be started at all reports an error and never exits.
    this.#ended = new Promise((resolve) => {
      child.once("exit", () => {
        resolve();
      });
      child.once("error", () => {
        resolve();
      });
    });
  }

  /** Switches the machine on. */
  static start(files: MachineFiles, setup: MachineSetup): Emulator {
    const log = openSync(files.processLog, "a");
    try {
      const stdio = ["ignore", log, log] satisfies StdioOptions;
      return new Emulator(spawn("setpriv", [...DIE_WITH_PARENT, ...renderArguments(files, setup)], { stdio }));
    } finally {
      closeSync(log);
    }
  }

  /** Whether the machine is switched on. */
  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Switches the machine off without telling it, and waits until it is off. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
