import type { Machine, MachineFunction } from "../machine";
import type { HostFiles } from "../root/host-files";
import { isBuiltIn, readInitialRamdisk } from "../root/initial-ramdisk";
import { attributesOf } from "../root/pci-tree";
import type { PciBus } from "./pci-bus";

const RULES = "/etc/udev/rules.d";

/** What the rules make of the event that announces a function. */
export interface RuleEffect {
  /** Drivers that are written to `driver_override`, by address: a rule may write to another device than its own. */
  readonly overrides: ReadonlyMap<string, string>;
  /** Modules that are loaded when all rules have been read. */
  readonly modules: readonly string[];
}

/** An attribute of the device of the event, or, as udev(7) has it for ATTR, of another one: `[subsystem/name]attribute`. */
const ATTRIBUTE = /^ATTR\{(?:\[pci\/([0-9a-f:.]+)\])?(\w+)\}$/;

/** Applies rules, given as the texts of their files in order, to the event of one function. */
export function applyRules(texts: readonly string[], machine: Machine, one: MachineFunction): RuleEffect {
  const overrides = new Map<string, string>();
  const modules: string[] = [];
  const lines = texts.flatMap((text) => text.split("\n")).filter((text) => !text.trimStart().startsWith("#"));
  for (const line of lines) {
    const parts = [...line.matchAll(/([A-Z]+(?:\{[^}]+\})?)\s*(==|!=|\+=|=)\s*"([^"]*)"/g)];
    const isMatch = parts.every(
      ([, key = "", operator, value]) =>
        operator === "=" || operator === "+=" || (readKey(machine, one, key) === value) === (operator === "=="),
    );
    if (!isMatch) continue;
    for (const [, key = "", operator, value = ""] of parts) {
      const [, address = one.address, attribute] = ATTRIBUTE.exec(key) ?? [];
      if (operator === "=" && attribute === "driver_override") overrides.set(address, value);
      const [, names = ""] = key === "RUN{builtin}" ? (/^kmod load (.+)$/.exec(value) ?? []) : [];
      modules.push(...names.split(" ").filter((name) => name !== ""));
    }
  }
  return { overrides, modules };
}

/** The value that a rule compares; undefined for a device that is not there. */
function readKey(machine: Machine, one: MachineFunction, key: string): string | undefined {
  const event: Readonly<Record<string, string>> = { ACTION: "add", SUBSYSTEM: "pci", KERNEL: one.address };
  const [, address = one.address, attribute = ""] = ATTRIBUTE.exec(key) ?? [];
  const found = machine.functions.find((other) => other.address === address);
  return event[key] ?? (found && attributesOf(found)[attribute]);
}

/** The kernel that boots, for the rules to act on. */
export interface BootingKernel {
  readonly files: HostFiles;
  readonly machine: Machine;
  readonly bus: PciBus;
  readonly release: string;
  /** Loads a module by name. */
  readonly load: (module: string) => void;
}

/**
 * Binds every function at boot, as udev does when it is told of all devices: first in the initial ramdisk, with the rules
 * and modules that are in there, then on the root file system. Our rules sort before the one that loads the drivers.
 */
export function bindAtBoot(kernel: BootingKernel): void {
  const { files, machine, release } = kernel;
  const early = readInitialRamdisk(files, machine, release);
  loadAll(
    kernel,
    machine.functions.flatMap(({ driver }) => (driver !== undefined && isBuiltIn(machine, driver) ? [driver] : [])),
  );
  tellUdev(kernel, early.rules, (module) => early.modules.has(module));
  loadAll(
    kernel,
    early.forced.filter((module) => early.modules.has(module)),
  );
  const names = files.list(RULES).filter((name) => name.endsWith(".rules"));
  tellUdev(
    kernel,
    names.map((name) => files.read(`${RULES}/${name}`)),
    () => true,
  );
}

function tellUdev(kernel: BootingKernel, rules: readonly string[], hasModule: (module: string) => boolean): void {
  for (const one of kernel.machine.functions) {
    const { overrides, modules } = applyRules(rules, kernel.machine, one);
    for (const [address, driver] of overrides) kernel.bus.setOverride(address, driver);
    loadAll(kernel, [...modules, ...(one.driver === undefined ? [] : [one.driver])].filter(hasModule));
  }
}

/** A driver that is loaded takes every function that has none and matches it. */
function loadAll({ load, bus, machine }: BootingKernel, modules: readonly string[]): void {
  for (const module of modules) {
    load(module);
    for (const one of machine.functions) if (bus.driverOf(one.address) === undefined) bus.probe(one.address);
  }
}
