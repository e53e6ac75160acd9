import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

import type { ToolAnswer, ToolCall } from "../calls";
import type { RunningMachine } from "../machine";
import type { HostFiles } from "../root/host-files";
import { devicePathOf } from "../root/pci-tree";
import { decideIommu } from "./iommu";
import { PciBus } from "./pci-bus";
import { KernelRefusal } from "./refusal";
import { readUnsafeInterrupts, writeRuntimeFiles } from "./runtime-files";
import { Udev } from "./udev";

/** Modules beside the drivers that `modprobe` finds. */
const OTHER_MODULES: ReadonlySet<string> = new Set([
  "vfio",
  "vfio_pci",
  "pci_stub",
  "vfio_iommu_type1",
  "kvm",
  "kvm_intel",
  "kvm_amd",
  "irqbypass",
]);

/** The simulated kernel: boots with a command line, sets up IOMMU groups and drivers, and obeys writes to sysfs. */
export class Kernel {
  readonly bus: PciBus;
  readonly udev: Udev;
  readonly #files: HostFiles;
  readonly #machine: RunningMachine;

  constructor(files: HostFiles, machine: RunningMachine) {
    this.#files = files;
    this.#machine = machine;
    this.bus = new PciBus(files, machine);
    const load = (module: string): void => {
      if (!this.loadModule(module)) this.bus.loadDriver(module);
    };
    this.udev = new Udev({ files, machine, bus: this.bus, load });
  }

  /** Starts from nothing: a new boot id, groups as firmware and command line say, each device with its natural driver. */
  boot(release: string, commandLine: string): void {
    const files = this.#files;
    this.udev.stop();
    this.bus.virtual.forgetAll();
    files.write("/proc/cmdline", `${commandLine}\n`);
    files.write("/proc/sys/kernel/random/boot_id", `${randomUUID()}\n`);
    files.write("/proc/sys/kernel/osrelease", `${release}\n`);
    files.write("/proc/sys/kernel/hostname", files.readIfThere("/etc/hostname") ?? "localhost\n");
    files.write("/proc/version", `Linux version ${release}\n`);
    for (const folder of [
      "/run",
      "/tmp",
      "/sys/module",
      "/sys/bus/pci/drivers",
      "/sys/kernel/iommu_groups",
      "/sys/class/iommu",
      "/dev/vfio",
    ]) {
      files.remove(folder);
      files.makeFolder(folder);
    }
    files.makeFolder("/run/lock");
    files.write("/dev/watchdog", "");
    writeRuntimeFiles(files, this.#machine, release, commandLine);
    this.#setUpIommu(commandLine);
    this.#resetDrivers();
    this.udev.boot(release);
    for (const { address, enabledVfs = 0 } of [...this.#machine.functions])
      if (enabledVfs > 0) this.bus.virtual.setCount(address, String(enabledVfs));
  }

  #setUpIommu(commandLine: string): void {
    const mode = decideIommu(this.#machine, commandLine);
    const isIntel = this.#machine.firmware.table === "DMAR";
    for (const one of this.#machine.functions) {
      const folder = devicePathOf(this.#machine, one.address);
      this.#files.remove(`${folder}/iommu_group`);
      const isSkipped = mode.skipsIntegratedGpu && one.address === "0000:00:02.0" && one.class.startsWith("03");
      if (!mode.isOn || one.group === undefined || isSkipped) continue;
      const group = `/sys/kernel/iommu_groups/${one.group}`;
      this.#files.link(`${group}/devices/${one.address}`, folder);
      this.#files.link(`${folder}/iommu_group`, group);
      this.#files.write(`${group}/type`, `${mode.type}\n`);
      this.#files.write(`${group}/reserved_regions`, this.#renderReservedRegions(one.group));
    }
    if (!mode.isOn) return;
    const unit = isIntel ? "dmar0" : "ivhd0";
    this.#files.makeFolder(`/sys/devices/virtual/iommu/${unit}/devices`);
    this.#files.link(`/sys/class/iommu/${unit}`, `/sys/devices/virtual/iommu/${unit}`);
  }

  #renderReservedRegions(group: number): string {
    const ordinary = "0x00000000fee00000 0x00000000feefffff msi\n";
    const extra = this.#machine.reservedRegions?.[group];
    return extra === undefined ? ordinary : `0x000000007d800000 0x000000007fffffff ${extra}\n${ordinary}`;
  }

  #resetDrivers(): void {
    for (const one of this.#machine.functions) {
      const folder = devicePathOf(this.#machine, one.address);
      this.#files.remove(`${folder}/driver`);
      this.bus.setOverride(one.address, "");
      for (const name of ["enable", "config"]) fs.chmodSync(this.#files.locate(`${folder}/${name}`), 0o444);
    }
    for (const name of this.#files.list("/etc/modules-load.d")) {
      for (const module of this.#files.read(`/etc/modules-load.d/${name}`).split("\n")) this.loadModule(module.trim());
    }
  }

  /** Whether the IOMMU translates: what VFIO and libvirt look at. */
  get hasIommu(): boolean {
    return this.#files.list("/sys/kernel/iommu_groups").length > 0;
  }

  loadModule(name: string): boolean {
    const module = name.replaceAll("-", "_");
    if (!OTHER_MODULES.has(module)) return false;
    this.#files.write(`/sys/module/${module}/refcnt`, "0\n");
    if (module.startsWith("vfio")) {
      this.#files.write("/sys/module/vfio/refcnt", "0\n");
      this.#files.write("/dev/vfio/vfio", "");
    }
    if (module === "vfio_iommu_type1") {
      const file = `/sys/module/${module}/parameters/allow_unsafe_interrupts`;
      this.#files.write(file, `${readUnsafeInterrupts(this.#files)}\n`);
    }
    if (module === "vfio_pci") this.bus.loadDriver("vfio-pci");
    if (module === "pci_stub") this.bus.loadDriver("pci-stub");
    return true;
  }

  /** A write to a file of sysfs, as `tee` does it. */
  async writeSysfs(call: ToolCall): Promise<ToolAnswer> {
    const [file = "", value = ""] = call.words;
    try {
      const isDone = this.#write(path.resolve(call.folder, file), value.trim());
      if (!isDone) await new Promise(() => undefined);
      return { status: 0 };
    } catch (error) {
      if (!(error instanceof KernelRefusal)) throw error;
      return { status: 1, stderr: `tee: ${file}: ${error.message}\n` };
    }
  }

  /** Returns false for a write that never ends. */
  #write(file: string, value: string): boolean {
    if (!fs.existsSync(file)) throw new KernelRefusal("No such file or directory");
    const folder = path.basename(path.dirname(file));
    const attribute = path.basename(file);
    switch (attribute) {
      case "driver_override":
      case "sriov_numvfs":
      case "sriov_drivers_autoprobe":
        return this.bus.writeAttribute(path.basename(path.dirname(fs.realpathSync(file))), attribute, value);
      case "drivers_probe":
        this.bus.probe(value);
        return true;
      case "bind":
        this.bus.bind(value, this.#driverOfFolder(file, folder));
        return true;
      case "unbind":
        this.bus.unbind(value, this.#driverOfFolder(file, folder));
        return true;
      default:
        throw new KernelRefusal("Permission denied");
    }
  }

  /** `…/devices/ADDRESS/driver/unbind` is reached through a link; the driver's real folder has its name. */
  #driverOfFolder(file: string, folder: string): string {
    return folder === "driver" ? path.basename(fs.realpathSync(path.dirname(file))) : folder;
  }

  #resolve(alias: string): ToolAnswer {
    const drivers = this.#machine.functions.flatMap((one) => {
      const [vendor = "", device = ""] = one.id.toUpperCase().split(":");
      return one.driver !== undefined && alias.startsWith(`pci:v0000${vendor}d0000${device}`) ? [one.driver] : [];
    });
    const found = [...new Set(drivers)].map((driver) => `${driver.replaceAll("-", "_")}\n`);
    return found.length === 0
      ? { status: 1, stderr: `modprobe: FATAL: Module ${alias} not found\n` }
      : { status: 0, stdout: found.join("") };
  }

  /** `modprobe [options] NAME…`. */
  modprobe(call: ToolCall): ToolAnswer {
    const names = call.words.filter((word) => !word.startsWith("-"));
    const release = this.#files.read("/proc/sys/kernel/osrelease").trim();
    // It then only says what it would load for an alias.
    if (call.words.includes("-R")) return this.#resolve(names.at(-1) ?? "");
    for (const name of call.words.includes("-a") ? names : names.slice(0, 1)) {
      const isDriver = this.#machine.functions.some((one) => one.driver === name);
      if (isDriver) this.bus.loadDriver(name);
      else if (!this.loadModule(name)) {
        return {
          status: 1,
          stderr: `modprobe: FATAL: Module ${name} not found in directory /lib/modules/${release}\n`,
        };
      }
    }
    return { status: 0 };
  }
}
