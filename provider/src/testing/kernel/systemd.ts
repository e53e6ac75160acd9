import { execFile } from "node:child_process";
import path from "node:path";

import type { ToolAnswer, ToolCall } from "../calls";
import { childAccount, type HostFiles } from "../root/host-files";

const UNITS = "/etc/systemd/system";
const WANTS = `${UNITS}/multi-user.target.wants`;

/** What `systemctl` may ask of the host around it. */
export interface SystemdSettings {
  readonly files: HostFiles;
  /** Environment and shell of a unit's programs. */
  readonly environment: Readonly<Record<string, string>>;
  readonly shell: string;
  readonly isLibvirtRunning: () => boolean;
  readonly onReboot: () => void;
  readonly onPowerOff: () => void;
}

/** The part of systemd that matters here: units that are enabled run once at boot, and `systemctl` knows about them. */
export class Systemd {
  readonly #settings: SystemdSettings;
  readonly #active = new Set<string>();

  constructor(settings: SystemdSettings) {
    this.#settings = settings;
  }

  /** Runs the enabled units, by name. A unit that fails is not active. */
  async boot(): Promise<void> {
    this.#active.clear();
    for (const name of this.#settings.files.list(WANTS)) await this.#start(name);
  }

  /** Answers `systemctl WORDS…`. */
  async answer(call: ToolCall): Promise<ToolAnswer> {
    const [verb = "", ...rest] = call.words.filter((word) => !word.startsWith("-"));
    const units = rest.map((name) => (path.extname(name) === "" ? `${name}.service` : name));
    switch (verb) {
      case "reboot":
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
      default:
        return this.#change(verb, units, call.words.includes("--now"));
    }
  }

  #report(words: readonly string[], good: string, status: number): ToolAnswer {
    const isGood = words.includes(good);
    return { status: isGood ? 0 : status, stdout: words.map((word) => `${word}\n`).join("") };
  }

  async #change(verb: string, units: readonly string[], isNow: boolean): Promise<ToolAnswer> {
    const { files } = this.#settings;
    for (const name of units) {
      if (!files.exists(`${UNITS}/${name}`))
        return { status: 5, stderr: `Failed to ${verb} unit: Unit file ${name} does not exist.\n` };
      if (verb === "enable") files.linkText(this.#want(name), `${UNITS}/${name}`);
      else if (verb === "disable") files.remove(`${WANTS}/${name}`);
      if (verb === "stop" || (verb === "disable" && isNow)) this.#active.delete(name);
      if (verb === "start" || verb === "restart" || (verb === "enable" && isNow)) {
        if (!(await this.#start(name)))
          return { status: 1, stderr: `Job for ${name} failed because the control process exited with error code.\n` };
      }
    }
    const isKnown = ["enable", "disable", "start", "stop", "restart"].includes(verb);
    return isKnown ? { status: 0 } : { status: 1, stderr: `Unknown command verb ${verb}.\n` };
  }

  #want(name: string): string {
    this.#settings.files.makeFolder(WANTS);
    return `${WANTS}/${name}`;
  }

  #isEnabled(name: string): boolean {
    return isLibvirtUnit(name) || this.#settings.files.exists(`${WANTS}/${name}`);
  }

  #isActive(name: string): boolean {
    return isLibvirtUnit(name) ? this.#settings.isLibvirtRunning() : this.#active.has(name);
  }

  /** Runs every `ExecStart=` of a unit whose conditions on the command line hold. */
  async #start(name: string): Promise<boolean> {
    const { files } = this.#settings;
    const text = files.readIfThere(`${UNITS}/${name}`) ?? "";
    const words = (files.readIfThere("/proc/cmdline") ?? "").trim().split(/\s+/);
    const isWanted = readSetting(text, "ConditionKernelCommandLine").every(
      (word) => words.includes(word) || words.some((one) => one.startsWith(`${word}=`)),
    );
    if (!isWanted) return false;
    for (const command of readSetting(text, "ExecStart")) {
      if (!(await this.#run(command.replace(/^[-@:+!]+/, "")))) return false;
    }
    this.#active.add(name);
    return true;
  }

  /** Absolute paths of the unit's programs lie below the host's root; `/bin/sh` is the host's shell. */
  async #run(command: string): Promise<boolean> {
    const { environment, files, shell } = this.#settings;
    const [program = "", ...rest] = command.split(" ");
    const inside = files.exists(program) ? files.locate(program) : path.basename(program);
    const account = childAccount();
    return new Promise((resolve) => {
      const options = {
        cwd: files.root,
        env: environment,
        ...(account === undefined ? {} : { uid: account, gid: account }),
      };
      execFile(shell, ["-c", [inside, ...rest].join(" ")], options, (error) => {
        resolve(error === null);
      });
    });
  }
}

/** Values of a setting that a unit may give several times. */
function readSetting(text: string, key: string): string[] {
  const lines = text.split("\n").filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1).trim());
}

function isLibvirtUnit(name: string): boolean {
  return /^(libvirtd|virtqemud)\.(service|socket)$/.test(name);
}
