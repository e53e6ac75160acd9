import type { Machine, MachineFunction } from "../machine";
import type { HostFiles } from "../root/host-files";
import { isBuiltIn, readInitialRamdisk } from "../root/initial-ramdisk";
import { devicePathOf } from "../root/pci-tree";
import type { PciBus } from "./pci-bus";
import { KernelRefusal } from "./refusal";

const RULES = "/etc/udev/rules.d";

/** Time that udev takes to hear of what happens while the host runs. */
const EVENT_MS = 30;

/** The kernel that runs, for the rules to act on. */
export interface UdevKernel {
  readonly files: HostFiles;
  readonly machine: Machine;
  readonly bus: PciBus;
  /** Loads a module by name. */
  readonly load: (module: string) => void;
}

interface UdevEvent {
  readonly action: "add" | "bind";
  readonly address: string;
}

/** Rules and modules that are at hand: in the initial ramdisk others than on the root file system. */
interface Surroundings {
  readonly rules: () => readonly string[];
  readonly hasModule: (module: string) => boolean;
}

/** An attribute of the device of the event, or, as udev(7) has it for ATTR, of another one: `[subsystem/name]attribute`. */
const ATTRIBUTE = /^ATTR\{(?:\[(pci|subsystem)\/([0-9a-z:.]+)\])?(\w+)\}$/;

/**
 * udev: at boot it is told of all devices, first in the initial ramdisk, with the rules and modules that are in there, then
 * on the root file system; later it hears of what comes and what is bound. Our rules sort before the one that loads drivers.
 */
export class Udev {
  readonly #kernel: UdevKernel;
  #queue: UdevEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(kernel: UdevKernel) {
    this.#kernel = kernel;
  }

  boot(release: string): void {
    const { files, machine, bus } = this.#kernel;
    bus.onEvent = (action, address) => this.#queue.push({ action, address });
    const early = readInitialRamdisk(files, machine, release);
    this.#loadAll(
      machine.functions.flatMap(({ driver }) => (driver !== undefined && isBuiltIn(machine, driver) ? [driver] : [])),
    );
    this.#loadAll(early.forcedFirst.filter((module) => early.modules.has(module)));
    this.#tellAll({ rules: () => early.rules, hasModule: (module) => early.modules.has(module) });
    this.#loadAll(early.forced.filter((module) => early.modules.has(module)));
    this.#tellAll(this.#rootFileSystem);
    bus.onEvent = (action, address) => {
      this.#queue.push({ action, address });
      this.#timer ??= setTimeout(() => {
        this.settle();
      }, EVENT_MS);
    };
  }

  /** Handles every event that waits, as `udevadm settle` waits for. */
  settle(): void {
    this.#clearTimer();
    this.#work(this.#rootFileSystem);
  }

  /** Forgets what waits, as when the power goes. */
  stop(): void {
    this.#clearTimer();
    this.#queue = [];
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #rootFileSystem(): Surroundings {
    const { files } = this.#kernel;
    const names = files.list(RULES).filter((name) => name.endsWith(".rules"));
    return { rules: () => names.map((name) => files.read(`${RULES}/${name}`)), hasModule: () => true };
  }

  /** Before it hears of what was bound in between, udev is told of all devices anew. */
  #tellAll(surroundings: Surroundings): void {
    this.#queue = this.#kernel.machine.functions.map(({ address }) => ({ action: "add", address }));
    this.#work(surroundings);
  }

  #work({ rules, hasModule }: Surroundings): void {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      const one = this.#kernel.bus.find(event.address);
      // It is gone again.
      if (one === undefined) continue;
      const modules = this.#applyRules(rules(), event.action, one);
      // Only what is new has its driver loaded (80-drivers.rules).
      if (event.action === "add" && one.driver !== undefined) modules.push(one.driver);
      this.#loadAll(modules.filter(hasModule));
    }
  }

  /** Applies rules, given as the texts of their files in order, and returns the modules that they ask for. */
  #applyRules(texts: readonly string[], action: UdevEvent["action"], one: MachineFunction): string[] {
    const modules: string[] = [];
    const lines = texts.flatMap((text) => text.split("\n")).filter((text) => !text.trimStart().startsWith("#"));
    for (const line of lines) {
      const parts = [...line.matchAll(/([A-Z]+(?:\{[^}]+\})?)\s*(==|!=|\+=|=)\s*"([^"]*)"/g)];
      const isMatch = parts.every(([, key = "", operator, value = ""]) => {
        if (operator === "=" || operator === "+=") return true;
        return matches(this.#readKey(action, one, key), value) === (operator === "==");
      });
      if (!isMatch) continue;
      for (const [, key = "", operator, value = ""] of parts) {
        if (operator === "=") this.#assign(one, key, value);
        const [, names = ""] = key === "RUN{builtin}" ? (/^kmod load (.+)$/.exec(value) ?? []) : [];
        modules.push(...names.split(" ").filter((name) => name !== ""));
      }
    }
    return modules;
  }

  /** The value that a rule compares; undefined for a device that is not there. */
  #readKey(action: UdevEvent["action"], one: MachineFunction, key: string): string | undefined {
    const { files, machine, bus } = this.#kernel;
    const event: Readonly<Record<string, string>> = {
      ...{ ACTION: action, SUBSYSTEM: "pci", KERNEL: one.address },
      DRIVER: bus.driverOf(one.address) ?? "",
    };
    const [, , address = one.address, attribute = ""] = ATTRIBUTE.exec(key) ?? [];
    const isThere = bus.find(address) !== undefined;
    return (
      event[key] ?? (isThere ? files.readIfThere(`${devicePathOf(machine, address)}/${attribute}`)?.trim() : undefined)
    );
  }

  /** A rule writes to its own device, to another one, or to a file of the bus; a refused write is only logged. */
  #assign(one: MachineFunction, key: string, value: string): void {
    const [isAttribute, subsystem, name = one.address, attribute = ""] = ATTRIBUTE.exec(key) ?? [];
    if (isAttribute === undefined) return;
    const { bus } = this.#kernel;
    try {
      if (subsystem !== "subsystem") bus.writeAttribute(name, attribute, value);
      else if (name === "pci" && attribute === "drivers_probe") bus.probe(value);
    } catch (error) {
      if (!(error instanceof KernelRefusal)) throw error;
    }
  }

  /** A driver that is loaded takes what has none and is for it; one that is there already looks at nothing again. */
  #loadAll(modules: readonly string[]): void {
    const { load, bus, machine } = this.#kernel;
    for (const module of modules) {
      if (bus.isLoaded(module.replaceAll("_", "-")) || bus.isLoaded(module)) continue;
      load(module);
      for (const { address, driver } of [...machine.functions]) {
        const isMeant = nameOf(bus.overrideOf(address) ?? driver) === nameOf(module);
        if (isMeant && bus.driverOf(address) === undefined) bus.probe(address);
      }
    }
  }
}

/** To the kernel the two signs are one. */
function nameOf(module: string | undefined): string | undefined {
  return module?.replaceAll("-", "_");
}

/** Compares as udev does: alternatives between bars, and the wildcards of a shell. */
function matches(value: string | undefined, pattern: string): boolean {
  if (value === undefined) return false;
  return pattern.split("|").some((one) => {
    const source = one
      .replaceAll(/[.+^${}()\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^(?:${source})$`).test(value);
  });
}
