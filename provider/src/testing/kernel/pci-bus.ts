import type { MachineFunction, RunningMachine } from "../machine";
import type { HostFiles } from "../root/host-files";
import { isBuiltIn } from "../root/initial-ramdisk";
import { devicePathOf, isBridge } from "../root/pci-tree";
import { KernelRefusal } from "./refusal";
import { VirtualFunctions } from "./virtual-functions";

/** Drivers that give a device to user space, and so need its IOMMU group. */
const VFIO_DRIVERS: ReadonlySet<string> = new Set(["vfio-pci"]);

const UNSET = "(null)";

/** Binds and releases drivers by the kernel's rules. The links and files in sysfs are the state: there is no other. */
export class PciBus {
  readonly #files: HostFiles;
  readonly #machine: RunningMachine;
  readonly virtual: VirtualFunctions;
  /** What the kernel tells udev: a function has come, or its driver has taken it. */
  onEvent: (action: "add" | "bind", address: string) => void = () => undefined;

  constructor(files: HostFiles, machine: RunningMachine) {
    this.#files = files;
    this.#machine = machine;
    this.virtual = new VirtualFunctions(files, machine, this);
  }

  find(address: string): MachineFunction | undefined {
    return this.#machine.functions.find((one) => one.address === address);
  }

  driverOf(address: string): string | undefined {
    return this.#files.linkName(`${devicePathOf(this.#machine, address)}/driver`);
  }

  groupOf(address: string): number | undefined {
    const name = this.#files.linkName(`${devicePathOf(this.#machine, address)}/iommu_group`);
    return name === undefined ? undefined : Number(name);
  }

  overrideOf(address: string): string | undefined {
    const text = this.#files.read(`${devicePathOf(this.#machine, address)}/driver_override`).trim();
    return text === UNSET ? undefined : text;
  }

  setOverride(address: string, driver: string): void {
    const text = driver.trim() === "" ? UNSET : driver.trim();
    this.#files.write(`${devicePathOf(this.#machine, address)}/driver_override`, `${text}\n`, 0o444);
  }

  /** A write to a file of a function; false when it never returns. */
  writeAttribute(address: string, attribute: string, value: string): boolean {
    if (this.find(address) === undefined) throw new KernelRefusal("No such file or directory");
    switch (attribute) {
      case "driver_override":
        this.setOverride(address, value);
        return true;
      case "sriov_numvfs":
        return this.virtual.setCount(address, value);
      case "sriov_drivers_autoprobe":
        this.virtual.setAutoprobe(address, value);
        return true;
      default:
        throw new KernelRefusal("Permission denied");
    }
  }

  /** Loads a driver's module: its folder appears, and nothing is bound that does not match it by itself. */
  loadDriver(driver: string): void {
    const folder = `/sys/bus/pci/drivers/${driver}`;
    if (this.#files.exists(folder)) return;
    for (const name of ["bind", "unbind", "new_id", "remove_id"]) this.#files.write(`${folder}/${name}`, "", 0o444);
    const module = driver.replaceAll("-", "_");
    this.#files.write(`/sys/module/${module}/refcnt`, "0\n");
    // What is built into the kernel has no state of its own.
    if (!isBuiltIn(this.#machine, driver)) this.#files.write(`/sys/module/${module}/initstate`, "live\n");
    this.#files.link(`${folder}/module`, `/sys/module/${module}`);
  }

  isLoaded(driver: string): boolean {
    return this.#files.exists(`/sys/bus/pci/drivers/${driver}`);
  }

  unbind(address: string, driver: string): void {
    if (this.find(address) === undefined || this.driverOf(address) !== driver)
      throw new KernelRefusal("No such device");
    this.#files.remove(`${devicePathOf(this.#machine, address)}/driver`);
    this.#files.remove(`/sys/bus/pci/drivers/${driver}/${address}`);
    this.virtual.released(address);
    this.#tellVfio(address);
  }

  /** A write to a driver's `bind`: the driver must match the device. */
  bind(address: string, driver: string): void {
    const found = this.find(address);
    if (found === undefined) throw new KernelRefusal("No such device");
    const override = this.overrideOf(address);
    const isMatch = override === undefined ? found.driver === driver : override === driver;
    if (!isMatch || !this.virtual.mayProbe(found)) throw new KernelRefusal("No such device");
    if (this.driverOf(address) !== undefined) throw new KernelRefusal("Device or resource busy");
    if (!this.#probe(found, driver)) throw new KernelRefusal("Invalid argument");
  }

  /** A write to `drivers_probe`: says nothing of whether a driver took the device. */
  probe(address: string): void {
    const found = this.find(address);
    if (found === undefined) throw new KernelRefusal("No such device");
    if (this.driverOf(address) !== undefined) return;
    const driver = this.overrideOf(address) ?? found.driver;
    if (driver !== undefined && this.isLoaded(driver)) this.#probe(found, driver);
  }

  /** The driver's own answer to a device: VFIO takes endpoints with an IOMMU group only. */
  #probe(found: MachineFunction, driver: string): boolean {
    if (!this.virtual.mayProbe(found)) return false;
    if (VFIO_DRIVERS.has(driver) && (isBridge(found) || this.groupOf(found.address) === undefined)) return false;
    const folder = devicePathOf(this.#machine, found.address);
    this.#files.link(`${folder}/driver`, `/sys/bus/pci/drivers/${driver}`);
    this.#files.link(`/sys/bus/pci/drivers/${driver}/${found.address}`, folder);
    if (driver === found.driver) this.virtual.taken(found);
    this.#tellVfio(found.address);
    this.onEvent("bind", found.address);
    return true;
  }

  /** `/dev/vfio/N` is there while any member of the group is with VFIO, whether the group is viable or not. */
  #tellVfio(address: string): void {
    const group = this.groupOf(address);
    if (group === undefined) return;
    const isHeld = this.membersOf(group).some((one) => VFIO_DRIVERS.has(this.driverOf(one) ?? ""));
    if (isHeld) this.#files.write(`/dev/vfio/${group}`, "");
    else this.#files.remove(`/dev/vfio/${group}`);
  }

  membersOf(group: number): string[] {
    return this.#files.list(`/sys/kernel/iommu_groups/${group}/devices`);
  }

  /** Members that keep a guest from starting: endpoints with a driver that is not VFIO's. */
  blockersOf(group: number): string[] {
    return this.membersOf(group).filter((address) => {
      const found = this.find(address);
      const driver = this.driverOf(address);
      return found !== undefined && !isBridge(found) && driver !== undefined && !VFIO_DRIVERS.has(driver);
    });
  }
}
