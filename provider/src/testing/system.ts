import { execFileSync } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startFromFiles } from "./boot";
import type { ToolAnswer, ToolCall } from "./calls";
import { CallServer } from "./calls";
import { Faults } from "./faults";
import { Kernel } from "./kernel/kernel";
import { Systemd } from "./kernel/systemd";
import { Libvirt } from "./libvirt/daemon";
import { answerVirsh } from "./libvirt/virsh";
import type { Machine } from "./machine";
import { hasBls } from "./machine";
import { COMMAND_MARK, HOST_MARK, killMarked, readMark } from "./processes";
import { childAccount, type HostFiles } from "./root/host-files";

/** What a running system needs to know of the host around it. */
export interface SystemSettings {
  readonly base: string;
  readonly machine: Machine;
  readonly files: HostFiles;
  readonly environment: Readonly<Record<string, string>>;
  readonly rebootMs: number;
  /** Connections are dropped, and refused until `onUp`. */
  readonly onDown: () => void;
  readonly onUp: () => void;
  readonly dropConnections: () => Promise<void>;
}

/** Time between `systemctl reboot` and the end of everything, as the tool itself returns first. */
const SHUTDOWN_MS = 20;

const MUTATING_VIRSH = /^(define|undefine|attach-|detach-|nodedev-(det|reat)|start|destroy|shutdown|autostart)/;

/** The host behind the SSH server: kernel, daemons, power. */
export class System {
  readonly kernel: Kernel;
  readonly libvirt: Libvirt;
  readonly faults: Faults;
  /** Words of a command line with which the kernel panics. */
  readonly panicWords = new Set<string>();
  /** Calls of tools that change something outside files, in order. */
  readonly writes: string[] = [];
  readonly #settings: SystemSettings;
  readonly #systemd: Systemd;
  readonly #calls: CallServer;
  readonly #gone = new AbortController();
  #starting: Promise<void> = Promise.resolve();
  /** Why the host is down; undefined while it runs or restarts. */
  failure: string | undefined;

  constructor(settings: SystemSettings) {
    const { base, machine, files, environment } = settings;
    this.#settings = settings;
    this.kernel = new Kernel(files, machine);
    this.libvirt = new Libvirt(machine, this.kernel, path.join(base, "libvirt"));
    this.faults = new Faults({
      base,
      killCommand: (pid) => {
        killMarked({ [HOST_MARK]: base, [COMMAND_MARK]: readMark(pid, COMMAND_MARK) ?? "none" });
      },
      cutPower: () => {
        this.cutPower();
      },
      dropConnections: settings.dropConnections,
    });
    this.#systemd = new Systemd({
      files,
      environment,
      shell: path.join(base, "bin", "sh"),
      isLibvirtRunning: () => this.libvirt.isRunning && machine.libvirt !== undefined,
      onReboot: () => {
        this.#rebootSoon();
      },
      onPowerOff: () => {
        this.cutPower("stayOff");
      },
    });
    this.#calls = new CallServer(path.join(base, "calls"), (call) => this.#answer(call));
  }

  /** Generates the boot menu with the host's own tool and boots for the first time. */
  async firstBoot(): Promise<void> {
    const { base, files, machine, environment } = this.#settings;
    const account = childAccount();
    const isFedora = hasBls(machine);
    const target = isFedora ? "/boot/grub2/grub.cfg" : "/boot/grub/grub.cfg";
    const words = isFedora ? ["--no-grubenv-update", "-o", target] : ["-o", target];
    execFileSync(path.join(base, "bin", isFedora ? "grub2-mkconfig" : "grub-mkconfig"), words, {
      cwd: files.root,
      env: { ...environment, SIMULATED_USER: "root" },
      stdio: "ignore",
      ...(account === undefined ? {} : { uid: account, gid: account }),
    });
    for (const xml of machine.domains) this.libvirt.define(xml);
    await this.#start();
  }

  /** Ends everything at once, and starts again from the files unless it shall stay off. */
  cutPower(then: "startAgain" | "stayOff" = "startAgain"): void {
    this.#settings.onDown();
    killMarked({ [HOST_MARK]: this.#settings.base });
    this.failure = then === "stayOff" ? "switched off" : undefined;
    if (then === "startAgain") this.#starting = this.#startLater();
  }

  /** Switches a host on that is down. */
  switchOn(): void {
    this.failure = undefined;
    this.#starting = this.#startLater();
  }

  /** Waits until a start that is under way has ended, well or not. */
  async settle(): Promise<void> {
    await this.#starting;
  }

  async stop(): Promise<void> {
    this.#gone.abort();
    this.#calls.stop();
    killMarked({ [HOST_MARK]: this.#settings.base });
    await this.#starting;
  }

  #rebootSoon(): void {
    this.#starting = sleep(SHUTDOWN_MS, undefined, { signal: this.#gone.signal })
      .then(() => {
        this.#settings.onDown();
        killMarked({ [HOST_MARK]: this.#settings.base });
        return this.#startLater();
      })
      .catch(ignoreAbort);
  }

  async #startLater(): Promise<void> {
    try {
      await sleep(this.#settings.rebootMs, undefined, { signal: this.#gone.signal });
      await this.#start();
    } catch (error) {
      ignoreAbort(error);
    }
  }

  async #start(): Promise<void> {
    const { files, machine, onUp } = this.#settings;
    const result = startFromFiles(files, machine, this.panicWords);
    if (result.kind === "down") {
      this.failure = result.reason;
      return;
    }
    this.failure = undefined;
    this.kernel.boot(result.choice.release, result.choice.commandLine);
    await this.#systemd.boot();
    this.libvirt.boot();
    if (!this.#gone.signal.aborted) onUp();
  }

  async #answer(call: ToolCall): Promise<ToolAnswer> {
    this.#note(call);
    switch (call.tool) {
      case "fault":
        return this.faults.answerTool(call);
      case "step":
        return this.faults.answerStep(call);
      case "sysfs":
        return this.kernel.writeSysfs(call);
      case "modprobe":
        return this.kernel.modprobe(call);
      case "virsh":
        return answerVirsh(this.libvirt, call);
      case "systemctl":
        return this.#systemd.answer(call);
      case "reboot":
      case "shutdown":
        this.#rebootSoon();
        return { status: 0 };
      default:
        return { status: 127, stderr: `${call.tool}: not simulated\n` };
    }
  }

  #note(call: ToolCall): void {
    const isVirshWrite = call.tool === "virsh" && call.words.some((word) => MUTATING_VIRSH.test(word));
    const isSystemWrite = call.tool === "systemctl" && !call.words.some((word) => word.startsWith("is-"));
    if (isVirshWrite || isSystemWrite || ["sysfs", "reboot", "shutdown"].includes(call.tool)) {
      this.writes.push([call.tool, ...call.words].join(" "));
    }
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== "AbortError") throw error;
}
