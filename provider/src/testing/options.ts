import type { Machine, RunningMachine } from "./machine";
import { machines } from "./machines/catalog";
import type { ShellKind } from "./root/toolbox";

/** Name of a machine of the catalogue. */
export type MachineName = keyof typeof machines;

/** What a simulated host shall be; every member has a default. */
export interface SimulatedHostOptions {
  /** A machine by name, or a description of one's own. Default: `debian-grub`. */
  readonly machine?: MachineName | Machine;
  /** Shell behind `sh`. Default: this machine's `/bin/sh`. */
  readonly shell?: ShellKind;
  /** Milliseconds that a reboot keeps the host away. Default: 150. */
  readonly rebootMs?: number;
  /** Milliseconds that pass before each command starts. Default: 0. */
  readonly latencyMs?: number;
  /** User who logs in. Default: `root`. */
  readonly user?: string;
  /** How sudo treats that user: with a password, without (`true`), or not at all (`false`). Default: `true`. */
  readonly sudo?: boolean | { readonly password: string };
  /** Password that is accepted at login beside the key. */
  readonly password?: string;
  /** Domains of further libvirts by their URI, such as `qemu:///session`; `qemu:///system` has the machine's. */
  readonly moreLibvirts?: Readonly<Record<string, readonly string[]>>;
  /** Replaces the machine's domains. */
  readonly domains?: readonly string[];
  /** Replaces `GRUB_CMDLINE_LINUX` in `/etc/default/grub`, and so the command line of the first boot. */
  readonly kernelCommandLine?: string;
  /** Further or replaced files by absolute path, written before the first boot. */
  readonly files?: Readonly<Record<string, string>>;
  /** Tools that the host shall not have. */
  readonly missingTools?: readonly string[];
}

/** The machine that the options ask for, with what they replace. */
export function chooseMachine(options: SimulatedHostOptions): RunningMachine {
  const { machine = "debian-grub", domains, kernelCommandLine } = options;
  const chosen: Machine = typeof machine === "string" ? machines[machine] : machine;
  return {
    ...chosen,
    functions: [...chosen.functions],
    ...(domains === undefined ? {} : { domains }),
    ...(kernelCommandLine === undefined
      ? {}
      : { grubDefaults: replaceCommandLine(chosen.grubDefaults, kernelCommandLine) }),
  };
}

function replaceCommandLine(defaults: string, commandLine: string): string {
  const line = `GRUB_CMDLINE_LINUX="${commandLine}"`;
  const changed = defaults.replace(/^GRUB_CMDLINE_LINUX=.*$/m, () => line);
  return changed.includes(line) ? changed : `${defaults}${line}\n`;
}
