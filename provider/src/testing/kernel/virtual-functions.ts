import { joinPciAddress, PciAddress, splitPciAddress } from "../../model/pci/address";
import type { MachineFunction, MachineVirtualFunctions, RunningMachine } from "../machine";
import { writeInterface } from "../root/class-devices";
import type { HostFiles } from "../root/host-files";
import { devicePathOf, writePciFunction } from "../root/pci-tree";
import { KernelRefusal } from "./refusal";

/** What virtual functions need of the bus that they sit on. */
export interface FunctionBus {
  find(address: string): MachineFunction | undefined;
  driverOf(address: string): string | undefined;
  groupOf(address: string): number | undefined;
  overrideOf(address: string): string | undefined;
  isLoaded(driver: string): boolean;
  unbind(address: string, driver: string): void;
  probe(address: string): void;
  onEvent(action: "add" | "bind", address: string): void;
}

/**
 * Virtual functions by the rules of the kernel's drivers/pci/iov.c: their number goes from nothing to something and back,
 * never from one number to another; the physical function's driver makes them and takes them with it when it leaves.
 */
export class VirtualFunctions {
  readonly #files: HostFiles;
  readonly #machine: RunningMachine;
  readonly #bus: FunctionBus;
  /** Whether a guest holds a function; the kernel then waits for its end. */
  isHeld: (address: string) => boolean = () => false;

  constructor(files: HostFiles, machine: RunningMachine, bus: FunctionBus) {
    this.#files = files;
    this.#machine = machine;
    this.#bus = bus;
  }

  /** The virtual functions of a physical one, in order. */
  listOf(physical: string): MachineFunction[] {
    return this.#machine.functions.filter((one) => one.physicalFunction === physical);
  }

  /** A write to `sriov_numvfs`; false when it never returns, because a guest holds what is to go. */
  setCount(physical: string, text: string): boolean {
    const found = this.#bus.find(physical);
    if (found?.totalVfs === undefined) throw new KernelRefusal("No such file or directory");
    if (!/^\d+$/.test(text)) throw new KernelRefusal("Invalid argument");
    const count = Number(text);
    if (count > found.totalVfs) throw new KernelRefusal("Numerical result out of range");
    const present = this.listOf(physical);
    if (count === present.length) return true;
    // No driver, or one that makes no virtual functions, as vfio-pci unless a parameter says otherwise.
    const makers = found.virtualFunctions;
    if (makers === undefined || this.#bus.driverOf(physical) !== found.driver)
      throw new KernelRefusal("No such file or directory");
    if (count === 0) return this.#removeAll(physical);
    if (present.length > 0) throw new KernelRefusal("Device or resource busy");
    if (count > (makers.mostWithMemory ?? found.totalVfs)) throw new KernelRefusal("Cannot allocate memory");
    if (makers.needsInterfaceUp === true && !this.#isUp(physical)) return true;
    this.#create(found, makers, count);
    return true;
  }

  /** A write to `sriov_drivers_autoprobe`. */
  setAutoprobe(physical: string, text: string): void {
    if (text !== "0" && text !== "1") throw new KernelRefusal("Invalid argument");
    this.#files.write(`${devicePathOf(this.#machine, physical)}/sriov_drivers_autoprobe`, `${text}\n`, 0o444);
  }

  /** With autoprobe off, only a driver that is asked for by name gets a virtual function. */
  mayProbe({ address, physicalFunction }: MachineFunction): boolean {
    if (physicalFunction === undefined || this.#bus.overrideOf(address) !== undefined) return true;
    const folder = devicePathOf(this.#machine, physicalFunction);
    return this.#files.read(`${folder}/sriov_drivers_autoprobe`).trim() === "1";
  }

  /** A virtual function of a network card has an interface while its own driver has it. */
  taken(one: MachineFunction): void {
    const name = this.#interfaceOf(one);
    if (name === undefined) return;
    writeInterface(this.#files, this.#machine, { name, function: one.address, isUp: false }, 100);
  }

  /** A driver has left a function: its interface goes, and with a physical function all its virtual ones. */
  released(address: string): void {
    const one = this.#bus.find(address);
    const name = one && this.#interfaceOf(one);
    if (name !== undefined) this.#removeInterface(address, name);
    if (one?.totalVfs !== undefined) this.#removeAll(address);
  }

  /** As the host is before it boots. */
  forgetAll(): void {
    for (const one of this.#machine.functions.filter(({ totalVfs }) => totalVfs !== undefined)) {
      for (const virtual of this.listOf(one.address)) this.#remove(one.address, virtual);
      const folder = devicePathOf(this.#machine, one.address);
      this.#files.write(`${folder}/sriov_numvfs`, "0\n", 0o444);
      this.#files.write(`${folder}/sriov_drivers_autoprobe`, "1\n", 0o444);
    }
  }

  #create(physical: MachineFunction, makers: MachineVirtualFunctions, count: number): void {
    const fresh = Array.from({ length: count }, (_empty, index) => this.#describe(physical, makers, index));
    const folder = devicePathOf(this.#machine, physical.address);
    for (const [index, one] of fresh.entries()) {
      this.#machine.functions.push(one);
      writePciFunction(this.#files, this.#machine, one);
      const own = devicePathOf(this.#machine, one.address);
      this.#files.link(`${own}/physfn`, folder);
      this.#files.link(`${folder}/virtfn${index}`, own);
      this.#joinGroup(one, own);
    }
    this.#files.write(`${folder}/sriov_numvfs`, `${count}\n`, 0o444);
    for (const { address } of fresh) {
      this.#bus.probe(address);
      this.#bus.onEvent("add", address);
    }
  }

  #describe(physical: MachineFunction, makers: MachineVirtualFunctions, index: number): MachineFunction {
    const { id, driver, offset, stride } = makers;
    const { subsystem, class: classCode, parent, numaNode } = physical;
    return {
      ...{ address: addressAt(physical.address, offset + index * stride), id, class: classCode, driver },
      ...{ lateDriver: true, resetMethods: "flr", physicalFunction: physical.address },
      ...(parent !== undefined && { parent }),
      ...(subsystem !== undefined && { subsystem }),
      ...(numaNode !== undefined && { numaNode }),
    };
  }

  /** Each gets a group of its own, as behind ports that isolate; none where there are no groups. */
  #joinGroup(one: MachineFunction, folder: string): void {
    const numbers = this.#files.list("/sys/kernel/iommu_groups").map(Number);
    if (numbers.length === 0) return;
    const group = `/sys/kernel/iommu_groups/${Math.max(...numbers) + 1}`;
    this.#files.link(`${group}/devices/${one.address}`, folder);
    this.#files.link(`${folder}/iommu_group`, group);
    this.#files.write(`${group}/type`, "DMA\n");
    this.#files.write(`${group}/reserved_regions`, "0x00000000fee00000 0x00000000feefffff msi\n");
  }

  #removeAll(physical: string): boolean {
    const all = this.listOf(physical);
    if (all.some((one) => this.isHeld(one.address))) return false;
    for (const one of all) this.#remove(physical, one);
    this.#files.write(`${devicePathOf(this.#machine, physical)}/sriov_numvfs`, "0\n", 0o444);
    return true;
  }

  #remove(physical: string, one: MachineFunction): void {
    const { address } = one;
    const folder = devicePathOf(this.#machine, address);
    const name = this.#interfaceOf(one);
    if (name !== undefined) this.#removeInterface(address, name);
    const driver = this.#bus.driverOf(address);
    if (driver !== undefined && this.#bus.isLoaded(driver)) this.#bus.unbind(address, driver);
    const group = this.#bus.groupOf(address);
    if (group !== undefined) this.#files.remove(`/sys/kernel/iommu_groups/${group}`);
    const above = devicePathOf(this.#machine, physical);
    const links = this.#files.list(above).filter((name) => name.startsWith("virtfn"));
    const link = links.find((name) => this.#files.linkName(`${above}/${name}`) === address);
    if (link !== undefined) this.#files.remove(`${above}/${link}`);
    this.#files.remove(`/sys/bus/pci/devices/${address}`);
    this.#files.remove(folder);
    this.#machine.functions.splice(this.#machine.functions.indexOf(one), 1);
  }

  #interfaceOf(one: MachineFunction): string | undefined {
    if (one.physicalFunction === undefined || !one.class.startsWith("02")) return undefined;
    const parent = this.#machine.interfaces.find((other) => other.function === one.physicalFunction);
    const index = this.listOf(one.physicalFunction).findIndex((other) => other.address === one.address);
    return parent === undefined ? undefined : `${parent.name}v${index}`;
  }

  #removeInterface(address: string, name: string): void {
    this.#files.remove(`/sys/class/net/${name}`);
    this.#files.remove(`${devicePathOf(this.#machine, address)}/net`);
  }

  #isUp(physical: string): boolean {
    return this.#machine.interfaces.some((one) => one.function === physical && one.isUp !== false);
  }
}

/** The function that lies so many routing ids behind another one. */
function addressAt(address: string, distance: number): string {
  const { domain, bus, slot, function: fn } = splitPciAddress(PciAddress.parse(address));
  const id = bus * 256 + slot * 8 + fn + distance;
  return joinPciAddress({ domain, bus: id >> 8, slot: (id >> 3) & 31, function: id & 7 });
}
