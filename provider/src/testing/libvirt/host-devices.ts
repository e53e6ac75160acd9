import type { Kernel } from "../kernel/kernel";
import type { Machine } from "../machine";
import type { Domain, DomainStore } from "./domain-store";
import { hostdevsOf } from "./domain-xml";
import { LibvirtError } from "./error";
import type { XmlElement } from "./xml";

/** libvirt's hold on the host's PCI functions: detaching, giving back, and what running domains use. */
export class HostDevices {
  readonly #kernel: Kernel;
  readonly #machine: Machine;
  readonly #store: DomainStore;
  /** Functions that libvirt itself took for a managed domain, and gives back when it stops. */
  readonly #taken = new Map<string, string[]>();

  constructor(kernel: Kernel, machine: Machine, store: DomainStore) {
    this.#kernel = kernel;
    this.#machine = machine;
    this.#store = store;
  }

  /**
   * `nodedev-detach`: idempotent, silent about the rest of the group, and also when the driver does not take the device, as
   * VFIO does not take bridges: then it is left without a driver.
   */
  detach(address: string, driver = "vfio-pci"): void {
    this.#require(address);
    this.#refuseUsed(address);
    if (!this.#kernel.hasIommu) {
      throw new LibvirtError("argument unsupported: VFIO device assignment is currently not supported on this system");
    }
    if (this.#kernel.bus.driverOf(address) === driver) return;
    this.#kernel.loadModule(driver);
    if (!this.#kernel.bus.isLoaded(driver))
      throw new LibvirtError(`internal error: Failed to load PCI driver module ${driver}`);
    this.#rebind(address, driver);
  }

  /** `nodedev-reattach`: back to the driver that matches by itself. */
  reattach(address: string): void {
    this.#require(address);
    this.#refuseUsed(address);
    const driver = this.#kernel.bus.driverOf(address);
    if (driver !== undefined && this.#kernel.bus.overrideOf(address) === undefined) return;
    this.#rebind(address, "");
  }

  #rebind(address: string, override: string): void {
    const { bus } = this.#kernel;
    bus.setOverride(address, override);
    const before = bus.driverOf(address);
    if (before !== undefined) bus.unbind(address, before);
    bus.probe(address);
  }

  /** Takes what a domain needs to start, or refuses with nothing changed. */
  claim(domain: Domain): void {
    const devices = hostdevsOf(domain.config);
    if (devices.length > 0 && !this.#kernel.hasIommu) {
      throw new LibvirtError("unsupported configuration: host doesn't support passthrough of host PCI devices");
    }
    const taken: string[] = [];
    try {
      for (const { element, source } of devices) {
        this.#require(source);
        this.#refuseUsed(source);
        if (this.#kernel.bus.driverOf(source) === "vfio-pci") continue;
        if (element.attributes.get("managed") !== "yes") {
          throw new LibvirtError(refuseUnmanaged(source));
        }
        this.detach(source);
        taken.push(source);
      }
      for (const { source } of devices) this.#refuseNotViable(source);
    } catch (error) {
      for (const address of taken) this.reattach(address);
      throw error;
    }
    this.#taken.set(domain.name, taken);
  }

  /** Takes one more device for a running domain. */
  claimOne(name: string, hostdev: XmlElement, source: string): void {
    this.#require(source);
    this.#refuseUsed(source);
    if (this.#kernel.bus.driverOf(source) !== "vfio-pci") {
      if (hostdev.attributes.get("managed") !== "yes") throw new LibvirtError(refuseUnmanaged(source));
      this.detach(source);
      this.#taken.set(name, [...(this.#taken.get(name) ?? []), source]);
    }
    this.#refuseNotViable(source);
  }

  /** Gives one device of a running domain back, if libvirt took it. */
  releaseOne(name: string, source: string): void {
    const taken = this.#taken.get(name) ?? [];
    if (!taken.includes(source)) return;
    this.#taken.set(
      name,
      taken.filter((one) => one !== source),
    );
    this.reattach(source);
  }

  /** Gives back what was taken for a domain that has stopped; what was detached by hand stays detached. */
  release(name: string): void {
    for (const address of this.#taken.get(name) ?? []) this.reattach(address);
    this.#taken.delete(name);
  }

  /** Forgets everything, as a restart of the host does. */
  forget(): void {
    this.#taken.clear();
  }

  #require(address: string): NonNullable<ReturnType<Kernel["bus"]["find"]>> {
    const found = this.#machine.functions.find((one) => one.address === address);
    if (found === undefined)
      throw new LibvirtError(
        `Device ${address} not found: could not access /sys/bus/pci/devices/${address}/config: No such file or directory`,
      );
    return found;
  }

  /** Whether a running domain has a function. */
  isUsed(address: string): boolean {
    return this.#findUser(address) !== undefined;
  }

  #findUser(address: string): Domain | undefined {
    return this.#store
      .list()
      .find((one) => one.live !== undefined && hostdevsOf(one.live).some((device) => device.source === address));
  }

  #refuseUsed(address: string): void {
    const user = this.#findUser(address);
    if (user === undefined) return;
    throw new LibvirtError(
      `Requested operation is not valid: PCI device ${address} is in use by driver QEMU, domain ${user.name}`,
    );
  }

  #refuseNotViable(address: string): void {
    const group = this.#kernel.bus.groupOf(address);
    if (group === undefined || this.#kernel.bus.blockersOf(group).length === 0) return;
    throw new LibvirtError(
      `internal error: qemu unexpectedly closed the monitor: vfio ${address}: group ${group} is not viable\nPlease ensure all devices within the iommu_group are bound to their vfio bus driver.`,
    );
  }
}

function refuseUnmanaged(address: string): string {
  return `Requested operation is not valid: Unmanaged PCI device ${address} must be manually detached from the host`;
}
