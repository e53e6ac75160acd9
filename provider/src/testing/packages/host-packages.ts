import fs from "node:fs";
import path from "node:path";

import type { Libvirt } from "../libvirt/daemon";
import type { Machine } from "../machine";
import type { HostFiles } from "../root/host-files";
import { readStandIn } from "../root/toolbox";
import {
  listFirstPackages,
  managerOf,
  REPOSITORIES,
  unitsInUse,
  type SimulatedManager,
  type SimulatedPackage,
} from "./catalog";
import { PackageStore } from "./store";

const UNITS = "/usr/lib/systemd/system";
const WANTS = "/etc/systemd/system/multi-user.target.wants";

/** What packages change beside their own list. */
export interface PackageSurroundings {
  readonly base: string;
  readonly files: HostFiles;
  readonly machine: Machine;
  readonly libvirt: Libvirt;
  readonly startUnit: (name: string) => void;
  readonly stopUnit: (name: string) => void;
}

/** Where a run of the package manager is cut short. */
export interface Interruption {
  readonly package: string;
  readonly action: "kill" | "power";
}

/** The packages of a simulated host: what is installed, what can be, and what happens when it is. */
export class HostPackages {
  readonly manager: SimulatedManager | undefined;
  readonly #around: PackageSurroundings;
  readonly #store: PackageStore;
  /** The repositories cannot be reached. */
  isOffline = false;
  /** Names of packages whose installation scripts fail. */
  readonly broken = new Set<string>();
  /** Where the next run ends, before that package is configured. */
  interruption: Interruption | undefined;

  constructor(around: PackageSurroundings) {
    this.#around = around;
    this.#store = new PackageStore(around.files);
    this.manager = managerOf(around.machine);
  }

  /** Sets a new host up. */
  prepare(): void {
    if (this.manager === undefined) return;
    for (const name of this.resolve(listFirstPackages(this.#around.machine, this.manager))) this.put(name);
    const { files, machine } = this.#around;
    if (machine.libvirt === undefined) return;
    // Where packages enable nothing, the operator has.
    files.makeFolder(WANTS);
    for (const unit of unitsInUse(this.manager)) files.linkText(`${WANTS}/${unit}`, `${UNITS}/${unit}`);
  }

  /** Names of the packages that are installed as a whole. */
  get installed(): string[] {
    return [...this.#store.read()].flatMap(([name, state]) => (state === "i" ? [name] : [])).sort();
  }

  /** States of all that is there in any way. */
  get states(): ReadonlyMap<string, string> {
    return this.#store.read();
  }

  find(name: string): SimulatedPackage | undefined {
    return this.manager === undefined ? undefined : REPOSITORIES[this.manager].find((one) => one.name === name);
  }

  versionOf(name: string): string {
    return this.find(name)?.version ?? "";
  }

  /** Those of the packages, and of what they need, that are not there, needs first. */
  resolve(names: readonly string[], seen = new Set<string>(this.#store.read().keys())): string[] {
    return names.flatMap((name) => {
      if (seen.has(name)) return [];
      seen.add(name);
      return [...this.resolve(this.find(name)?.depends ?? [], seen), name];
    });
  }

  /** Installed packages that cannot stay when these come. */
  conflicts(names: readonly string[]): string[] {
    const against = names.flatMap((name) => this.find(name)?.conflicts ?? []);
    return this.installed.filter((name) => against.includes(name));
  }

  /** The packages and all that need them, those that need before those that are needed. */
  dependents(names: readonly string[]): string[] {
    const going = new Set(names.filter((name) => this.#store.read().has(name)));
    for (let before = -1; before < going.size;) {
      before = going.size;
      for (const name of this.#store.read().keys())
        if ((this.find(name)?.depends ?? []).some((one) => going.has(one))) going.add(name);
    }
    return [...going].sort((a, b) => this.#depth(b) - this.#depth(a));
  }

  #depth(name: string): number {
    return 1 + Math.max(0, ...(this.find(name)?.depends ?? []).map((one) => this.#depth(one)));
  }

  /** Puts the files of a package in place. */
  unpack(name: string): void {
    const { files, base } = this.#around;
    this.#store.set(name, "U");
    for (const unit of this.find(name)?.units ?? []) files.write(`${UNITS}/${unit}`, `[Unit]\nDescription=${unit}\n`);
    for (const tool of this.find(name)?.tools ?? []) {
      const place = path.join(base, "bin", tool);
      if (!fs.existsSync(place)) fs.writeFileSync(place, readStandIn("call"), { mode: 0o755 });
    }
  }

  /** Runs the scripts of a package; false when they fail. */
  configure(name: string): boolean {
    if (this.broken.has(name)) {
      this.#store.set(name, "F");
      return false;
    }
    const { files, libvirt, startUnit } = this.#around;
    const { enables = [], starts = false, libvirt: version } = this.find(name) ?? {};
    if (version !== undefined && libvirt.version === "") libvirt.version = version;
    for (const unit of enables) {
      files.makeFolder(WANTS);
      files.linkText(`${WANTS}/${unit}`, `${UNITS}/${unit}`);
      if (starts) startUnit(unit);
    }
    this.#store.set(name, "i");
    return true;
  }

  /** Installs a package without its needs, as the operator or a test does. */
  put(name: string): void {
    this.unpack(name);
    this.configure(name);
  }

  /** Takes a package away; what it enabled goes, and what its service was stops. */
  remove(name: string): void {
    const { files, base, stopUnit } = this.#around;
    const { units = [], tools = [] } = this.find(name) ?? {};
    for (const unit of units) {
      stopUnit(unit);
      files.remove(`${WANTS}/${unit}`);
      files.remove(`${UNITS}/${unit}`);
    }
    for (const tool of tools) fs.rmSync(path.join(base, "bin", tool), { force: true });
    this.#store.set(name, undefined);
  }
}
