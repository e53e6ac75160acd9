import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { renderArguments, type MachineFiles, type MachineSetup } from "./machine";

/** A test run that is killed has no chance to switch its machines off; the kernel does it then. */
const DIE_WITH_PARENT = ["--pdeathsig", "KILL", "qemu-system-x86_64"];

/**
 * A machine that is switched on. Each boot has a process of its own: in one that goes on over a reboot, the boot loader moves
 * kernel and initial ramdisk over memory that the emulator has translated code of, which can take it minutes.
 */
export class Emulator {
  readonly #files: MachineFiles;
  #child: ChildProcess;
  #isKilled = false;
  #announceEnd: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#announceEnd = resolve;
  });

  private constructor(files: MachineFiles, setup: MachineSetup) {
    this.#files = files;
    this.#child = this.#boot(setup);
  }

  /** Switches the machine on. */
  static start(files: MachineFiles, setup: MachineSetup): Emulator {
    return new Emulator(files, setup);
  }

  /** Whether the machine is switched on. */
  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Switches the machine off without telling it, and waits until it is off. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    if (this.isRunning) this.#child.kill("SIGKILL");
    else this.#announceEnd();
    await this.#ended;
  }

  #boot(setup: MachineSetup): ChildProcess {
    const log = openSync(this.#files.processLog, "a");
    try {
      const stdio = ["ignore", log, log] satisfies StdioOptions;
      const child = spawn("setpriv", [...DIE_WITH_PARENT, ...renderArguments(this.#files, setup)], { stdio });
      // An emulator that cannot be started at all reports an error and never exits.
      child.once("exit", (code) => {
        this.#goOn(code, setup);
      });
      return child.once("error", this.#announceEnd);
    } finally {
      closeSync(log);
    }
  }

  /** An emulator that ends well has been asked to by its machine, which reboots. */
  #goOn(code: number | null, setup: MachineSetup): void {
    const { memory, ...cold } = setup;
    if (code === 0 && !this.#isKilled) this.#child = this.#boot(memory === undefined ? setup : cold);
    else this.#announceEnd();
  }
}
