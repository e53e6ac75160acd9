import { execFile, spawn, type ChildProcess } from "node:child_process";
import path from "node:path";

import type { ToolAnswer, ToolCall } from "../calls";
import { childAccount, type HostFiles } from "../root/host-files";

const UNITS = "/etc/systemd/system";
/** Where packages put theirs. */
const VENDOR_UNITS = "/usr/lib/systemd/system";
const WANTS = `${UNITS}/multi-user.target.wants`;

/** What `systemctl` may ask of the host around it. */
export interface SystemdSettings {
  readonly files: HostFiles;
  /** Environment and shell of a unit's programs. */
  readonly environment: Readonly<Record<string, string>>;
  readonly shell: string;
  readonly isLibvirtRunning: () => boolean;
  /** Units that came with libvirt's packages. */
  readonly libvirtUnits: readonly string[];
  readonly setLibvirtRunning: (isRunning: boolean) => void;
  /** What asks for a shutdown to wait, in words. */
  readonly inhibitor: () => string | undefined;
  readonly onReboot: () => void;
  readonly onPowerOff: () => void;
}

/** How much faster time goes by for the programs of units than for everything else. */
const UNIT_CLOCK = 20;

/** The part of systemd that matters here: units that are enabled run once at boot, and `systemctl` knows about them. */
export class Systemd {
  readonly #settings: SystemdSettings;
  readonly #active = new Set<string>();
  /** Units whose program goes on. */
  readonly #running = new Map<string, ChildProcess>();

  constructor(settings: SystemdSettings) {
    this.#settings = settings;
  }

  /** Runs the enabled units and those that the command line asks for, by name. A unit that fails is not active. */
  async boot(): Promise<void> {
    this.#active.clear();
    this.#running.clear();
    if (this.#hasLibvirtUnits()) this.#settings.setLibvirtRunning(false);
    const wanted = this.#readCommandLine().flatMap((word) => /^systemd\.wants=(.+)$/.exec(word)?.[1] ?? []);
    for (const name of [...wanted, ...this.#settings.files.list(WANTS)]) await this.#start(name);
  }

  #readCommandLine(): string[] {
    return (this.#settings.files.readIfThere("/proc/cmdline") ?? "").trim().split(/\s+/);
  }

  /** Answers `systemctl WORDS…`. */
  async answer(call: ToolCall): Promise<ToolAnswer> {
    const [verb = "", ...rest] = call.words.filter((word) => !word.startsWith("-"));
    const units = rest.map((name) => (path.extname(name) === "" ? `${name}.service` : name));
    switch (verb) {
      case "reboot":
        if (!isForced(call.words) && this.#settings.inhibitor() !== undefined)
          return { status: 1, stderr: this.#settings.inhibitor() ?? "" };
        this.#settings.onReboot();
        return { status: 0 };
      case "poweroff":
      case "halt":
        this.#settings.onPowerOff();
        return { status: 0 };
      case "daemon-reload":
        return { status: 0 };
      case "is-system-running":
        return { status: 0, stdout: "running\n" };
      case "is-active":
        return this.#report(
          units.map((name) => (this.#isActive(name) ? "active" : "inactive")),
          "active",
          3,
        );
      case "is-enabled":
        return this.#report(
          units.map((name) => (this.#isEnabled(name) ? "enabled" : "disabled")),
          "enabled",
          1,
        );
      case "show":
        return this.#show(call.words);
      default:
        return this.#change(verb, units, call.words.includes("--now"));
    }
  }

  /** `show -p NAME … UNIT …`: the properties in an order of systemd's own, an empty line between units, and always status 0. */
  #show(words: readonly string[]): ToolAnswer {
    const isName = words.map((_word, i) => words[i - 1] === "-p");
    const names = words.filter((_word, i) => isName[i] === true);
    const units = words.filter((word, i) => !word.startsWith("-") && word !== "show" && isName[i] !== true);
    const blocks = units.map((unit) =>
      Object.entries(this.#describe(unit))
        .filter(([name]) => names.includes(name))
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
    return { status: 0, stdout: blocks.join("\n") };
  }

  #describe(name: string): Record<string, string> {
    const isMasked = this.#settings.files.linkName(`${UNITS}/${name}`) === "null";
    const isThere = this.#isAlwaysThere(name) || this.#hasUnit(name);
    const state = isMasked ? "masked" : this.#isEnabled(name) ? "enabled" : "disabled";
    return {
      Id: name,
      LoadState: isMasked ? "masked" : isThere ? "loaded" : "not-found",
      ActiveState: isThere && !isMasked && this.#isActive(name) ? "active" : "inactive",
      UnitFileState: isThere ? state : "",
    };
  }

  #report(words: readonly string[], good: string, status: number): ToolAnswer {
    const isGood = words.includes(good);
    return { status: isGood ? 0 : status, stdout: words.map((word) => `${word}\n`).join("") };
  }

  async #change(verb: string, units: readonly string[], isNow: boolean): Promise<ToolAnswer> {
    const { files } = this.#settings;
    for (const name of units) {
      if (!this.#hasUnit(name))
        return { status: 5, stderr: `Failed to ${verb} unit: Unit file ${name} does not exist.\n` };
      if (verb === "enable") files.linkText(this.#want(name), this.#placeOf(name));
      else if (verb === "disable") files.remove(`${WANTS}/${name}`);
      if (verb === "stop" || (verb === "disable" && isNow)) this.#stop(name);
      if (verb === "start" || verb === "restart" || (verb === "enable" && isNow)) {
        if (!(await this.#start(name)))
          return { status: 1, stderr: `Job for ${name} failed because the control process exited with error code.\n` };
      }
    }
    const isKnown = ["enable", "disable", "start", "stop", "restart"].includes(verb);
    return isKnown ? { status: 0 } : { status: 1, stderr: `Unknown command verb ${verb}.\n` };
  }

  #stop(name: string): void {
    this.#active.delete(name);
    if (isLibvirtUnit(name) && ![...this.#active].some(isLibvirtUnit)) this.#settings.setLibvirtRunning(false);
    const { pid } = this.#running.get(name) ?? {};
    this.#running.delete(name);
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  #want(name: string): string {
    this.#settings.files.makeFolder(WANTS);
    return `${WANTS}/${name}`;
  }

  #isEnabled(name: string): boolean {
    return this.#isAlwaysThere(name) || this.#settings.files.exists(`${WANTS}/${name}`);
  }

  #isActive(name: string): boolean {
    if (this.#isAlwaysThere(name)) return this.#settings.isLibvirtRunning();
    if (isLibvirtUnit(name) && !this.#settings.isLibvirtRunning()) return false;
    return this.#active.has(name) || this.#running.has(name);
  }

  /** A unit of libvirt on a host whose packages are not simulated. */
  #isAlwaysThere(name: string): boolean {
    return this.#settings.libvirtUnits.includes(name) && !this.#hasUnit(name);
  }

  /** Runs every `ExecStart=` of a unit whose conditions on the command line hold. */
  async #start(name: string): Promise<boolean> {
    const { files } = this.#settings;
    const text = files.readIfThere(this.#placeOf(name)) ?? "";
    const words = this.#readCommandLine();
    const isWanted = readSetting(text, "ConditionKernelCommandLine").every(
      (word) => words.includes(word) || words.some((one) => one.startsWith(`${word}=`)),
    );
    if (!isWanted) return false;
    if (readSetting(text, "Type").includes("simple")) {
      for (const command of readSetting(text, "ExecStart")) this.#launch(name, command);
      return true;
    }
    for (const command of readSetting(text, "ExecStart")) {
      if (!(await this.#run(command.replace(/^[-@:+!]+/, "")))) return false;
    }
    this.markStarted(name);
    return true;
  }

  /** Notes a unit as one that runs, as a package's script may have started it. */
  markStarted(name: string): void {
    this.#active.add(name);
    if (isLibvirtUnit(name)) this.#settings.setLibvirtRunning(true);
  }

  /** Ends a unit whose package goes. */
  markStopped(name: string): void {
    this.#stop(name);
  }

  #placeOf(name: string): string {
    return this.#settings.files.exists(`${UNITS}/${name}`) ? `${UNITS}/${name}` : `${VENDOR_UNITS}/${name}`;
  }

  #hasUnit(name: string): boolean {
    return this.#settings.files.exists(this.#placeOf(name));
  }

  #hasLibvirtUnits(): boolean {
    return this.#settings.files.list(VENDOR_UNITS).some(isLibvirtUnit);
  }

  /** Absolute paths of the unit's programs lie below the host's root; `/bin/sh` is the host's shell. */
  async #run(command: string): Promise<boolean> {
    return new Promise((resolve) => {
      execFile(this.#settings.shell, ["-c", this.#translate(command)], this.#options(), (error) => {
        resolve(error === null);
      });
    });
  }

  /** Starts a program that goes on beside everything else, in a process group of its own. */
  #launch(name: string, command: string): void {
    const options = { ...this.#options(), detached: true, stdio: "ignore" as const };
    const child = spawn(this.#settings.shell, ["-c", this.#translate(command)], options);
    this.#running.set(name, child);
    child.once("exit", () => {
      if (this.#running.get(name) === child) this.#running.delete(name);
    });
  }

  #options() {
    const { environment, files } = this.#settings;
    const account = childAccount();
    return {
      cwd: files.root,
      env: environment,
      ...(account === undefined ? {} : { uid: account, gid: account }),
    };
  }

  /** A unit's program with the host's root in front of its paths, signs undone that stand for others, and a faster clock. */
  #translate(command: string): string {
    const { files } = this.#settings;
    const [program = "", ...rest] = command.split(" ");
    const inside = files.exists(program) ? files.locate(program) : path.basename(program);
    return [inside, ...rest]
      .join(" ")
      .replaceAll("%%", "%")
      .replaceAll("$$", "$")
      .replaceAll(/(?<=^|[\s>"])\/(?=(?:var|proc|run|sys|etc|boot)\/)/g, `${files.root}/`)
      .replaceAll(/\bsleep (\d+)/g, (_all, seconds: string) => `sleep ${Number(seconds) / UNIT_CLOCK}`);
  }
}

/** Values of a setting that a unit may give several times. */
function readSetting(text: string, key: string): string[] {
  const lines = text.split("\n").filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1).trim());
}

/** Since systemd 257 an inhibitor keeps even root from a reboot, unless root says that it shall not. */
function isForced(words: readonly string[]): boolean {
  return words.some((word) => ["-i", "--ignore-inhibitors", "--check-inhibitors=no", "-f", "--force"].includes(word));
}

function isLibvirtUnit(name: string): boolean {
  return /^(libvirtd|virtqemud)\.(service|socket)$/.test(name);
}
