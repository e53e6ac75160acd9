import { execFileSync } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startFromFiles } from "./boot";
import type { ToolAnswer, ToolCall } from "./calls";
import { CallServer } from "./calls";
import { Faults } from "./faults";
import { parseCommandLine } from "../model/kernel/command-line";
import { Activity } from "./kernel/activity";
import { Kernel } from "./kernel/kernel";
import { Systemd } from "./kernel/systemd";
import { Libvirt } from "./libvirt/daemon";
import { HostPackages } from "./packages/host-packages";
import { answerPackageTool, isPackageWrite } from "./packages/answer";
import { Interrupted } from "./packages/run";
import { answerValidate } from "./packages/validate";
import { DEFAULT_URI } from "./libvirt/connect";
import { listLibvirtUnits } from "./libvirt/units";
import { answerVirsh } from "./libvirt/virsh";
import { answerOtherTool, beginShutdown, finishStart } from "./loaders/other-loaders";
import type { RunningMachine } from "./machine";
import { grubFolder } from "./kernel/boot-loader";
import { grubPrefix, hasBls } from "./machine";
import { COMMAND_MARK, HOST_MARK, killMarked, readMark } from "./processes";
import { childAccount, type HostFiles } from "./root/host-files";

/** What a running system needs to know of the host around it. */
export interface SystemSettings {
  readonly base: string;
  readonly machine: RunningMachine;
  readonly files: HostFiles;
  readonly environment: Readonly<Record<string, string>>;
  readonly rebootMs: number;
  /** Domains of the libvirts beside the system's, by URI. */
  readonly moreLibvirts: Readonly<Record<string, readonly string[]>>;
  /** Connections are dropped, and refused until `onUp`. */
  readonly onDown: () => void;
  readonly onUp: () => void;
  readonly dropConnections: () => Promise<void>;
}

/** Time between `systemctl reboot` and the end of everything, as the tool itself returns first. */
const SHUTDOWN_MS = 20;

const MUTATING_VIRSH =
  /^(define|undefine|attach-|detach-|nodedev-(det|reat)|start|destroy|shutdown|suspend|resume|autostart)/;

/** The host behind the SSH server: kernel, daemons, power. */
export class System {
  readonly kernel: Kernel;
  /** Who uses the host. */
  readonly activity: Activity;
  /** The system's libvirt. */
  readonly libvirt: Libvirt;
  /** Every libvirt of the host by its URI. */
  readonly libvirts: ReadonlyMap<string, Libvirt>;
  readonly faults: Faults;
  /** What is installed. */
  readonly packages: HostPackages;
  /** Words of a command line with which the kernel panics. */
  readonly panicWords = new Set<string>();
  /** Words of a command line with which no network comes up. */
  readonly mutingWords = new Set<string>();
  /** Calls of tools that change something outside files, in order. */
  readonly writes: string[] = [];
  readonly #settings: SystemSettings;
  readonly #systemd: Systemd;
  readonly #calls: CallServer;
  readonly #gone = new AbortController();
  #starting: Promise<void> = Promise.resolve();
  /** Counts starts and power cuts: a start that was under way when the power went ends there. */
  #turn = 0;
  /** Why the host is down; undefined while it runs or restarts. */
  failure: string | undefined;

  constructor(settings: SystemSettings) {
    const { base, machine, files, environment } = settings;
    this.#settings = settings;
    this.kernel = new Kernel(files, machine);
    this.activity = new Activity(files);
    this.libvirt = new Libvirt(machine, this.kernel, path.join(base, "libvirt"));
    const others = Object.keys(settings.moreLibvirts).map(
      (uri, index) => [uri, new Libvirt(machine, this.kernel, path.join(base, `libvirt-${index}`))] as const,
    );
    this.libvirts = new Map([[DEFAULT_URI, this.libvirt], ...others]);
    this.kernel.bus.virtual.isHeld = (address) =>
      [...this.libvirts.values()].some((libvirt) => libvirt.devices.isUsed(address));
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
      libvirtUnits: listLibvirtUnits(machine),
      isLibvirtRunning: () => this.libvirt.isRunning && this.libvirt.version !== "",
      setLibvirtRunning: (isRunning) => {
        this.libvirt.isRunning = isRunning;
      },
      inhibitor: () => this.activity.blockedBy,
      onReboot: () => {
        this.#rebootSoon();
      },
      onPowerOff: () => {
        this.cutPower("stayOff");
      },
    });
    this.packages = new HostPackages({
      base,
      files,
      machine,
      libvirt: this.libvirt,
      startUnit: (name) => {
        this.#systemd.markStarted(name);
      },
      stopUnit: (name) => {
        this.#systemd.markStopped(name);
      },
    });
    this.packages.prepare();
    this.#calls = new CallServer(path.join(base, "calls"), (call) => this.#answer(call));
  }

  /** Generates the boot menu with the host's own tool and boots for the first time. */
  async firstBoot(): Promise<void> {
    const { base, files, machine, environment } = this.#settings;
    const account = childAccount();
    const target = `${grubFolder(machine)}/grub.cfg`;
    const words = hasBls(machine) ? ["--no-grubenv-update", "-o", target] : ["-o", target];
    execFileSync(path.join(base, "bin", `${grubPrefix(machine)}-mkconfig`), words, {
      cwd: files.root,
      env: { ...environment, SIMULATED_USER: "root" },
      stdio: "ignore",
      ...(account === undefined ? {} : { uid: account, gid: account }),
    });
    for (const [uri, libvirt] of this.libvirts) {
      for (const xml of this.#settings.moreLibvirts[uri] ?? machine.domains) libvirt.define(xml);
    }
    await this.#start();
  }

  /** Ends everything at once, and starts again from the files unless it shall stay off. */
  cutPower(then: "startAgain" | "stayOff" = "startAgain"): void {
    this.#turn++;
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
    this.kernel.udev.stop();
    killMarked({ [HOST_MARK]: this.#settings.base });
    await this.#starting;
  }

  #rebootSoon(): void {
    const turn = ++this.#turn;
    this.#starting = sleep(SHUTDOWN_MS, undefined, { signal: this.#gone.signal })
      .then(() => {
        if (turn !== this.#turn) return undefined;
        this.#settings.onDown();
        killMarked({ [HOST_MARK]: this.#settings.base });
        beginShutdown(this.#settings.files, this.#settings.machine);
        return this.#startLater();
      })
      .catch(ignoreAbort);
  }

  async #startLater(): Promise<void> {
    const turn = ++this.#turn;
    try {
      await sleep(this.#settings.rebootMs, undefined, { signal: this.#gone.signal });
      if (turn === this.#turn) await this.#start();
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
    this.activity.boot();
    finishStart(files, machine);
    await this.#systemd.boot();
    for (const libvirt of this.libvirts.values()) libvirt.boot();
    const isMute = parseCommandLine(result.choice.commandLine).some((word) => this.mutingWords.has(word));
    if (!this.#gone.signal.aborted && !isMute) onUp();
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
      case "udevadm":
        this.kernel.udev.settle();
        return { status: 0 };
      case "virsh":
        return answerVirsh(this.libvirts, call);
      case "systemctl":
        return this.#systemd.answer(call);
      case "reboot":
      case "shutdown":
        this.#rebootSoon();
        return { status: 0 };
      case "virt-host-validate":
        return answerValidate(this.#settings.files, this.#settings.machine);
      default:
        return (
          this.#answerPackages(call) ??
          (await this.#answerLoader(call)) ?? { status: 127, stderr: `${call.tool}: not simulated\n` }
        );
    }
  }

  #answerPackages(call: ToolCall): ToolAnswer | undefined {
    try {
      return answerPackageTool(
        {
          packages: this.packages,
          killCommand: (pid) => {
            killMarked({ [HOST_MARK]: this.#settings.base, [COMMAND_MARK]: readMark(pid, COMMAND_MARK) ?? "none" });
          },
          cutPower: () => {
            this.cutPower();
          },
          lockHolder: () => this.activity.lockHolder,
        },
        call,
        this.#settings.files,
      );
    } catch (error) {
      if (error instanceof Interrupted) return { status: 137 };
      throw error;
    }
  }

  #answerLoader(call: ToolCall): Promise<ToolAnswer | undefined> {
    const { files, machine, environment } = this.#settings;
    return answerOtherTool(files, machine, environment, call);
  }

  #note(call: ToolCall): void {
    const isVirshWrite = call.tool === "virsh" && call.words.some((word) => MUTATING_VIRSH.test(word));
    const isSystemWrite = call.tool === "systemctl" && !call.words.some((word) => /^(?:is-|show$)/.test(word));
    if (isVirshWrite || isSystemWrite || isPackageWrite(call) || ["sysfs", "reboot", "shutdown"].includes(call.tool)) {
      this.writes.push([call.tool, ...call.words].join(" "));
    }
  }
}

function ignoreAbort(error: unknown): void {
  // By its name: the error may come from another realm, whose classes are not ours.
  if ((error as { readonly name?: unknown }).name !== "AbortError") throw error;
}
