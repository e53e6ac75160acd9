import type { Kernel } from "../kernel/kernel";
import type { Machine } from "../machine";
import { attachDevice, detachDevice } from "./change-device";
import type { Domain } from "./domain-store";
import { DomainStore } from "./domain-store";
import { hostdevsOf, parseDocument } from "./domain-xml";
import { LibvirtError } from "./error";
import { HostDevices } from "./host-devices";
import { hasAgentChannel, type GuestAgent } from "./guest-agent";
import { describeNodeDevice, nodeName, parseNodeName } from "./node-device";
import { copyElement, createElement, renderXml } from "./xml";

/** Which form of a domain a change is for. */
export interface ChangeTarget {
  readonly isForConfig: boolean;
  readonly isForLive: boolean;
}

/** libvirt's daemon: domains in a store, host devices by the kernel's rules. Refusals are LibvirtErrors. */
export class Libvirt {
  readonly store: DomainStore;
  readonly devices: HostDevices;
  /** Version of the installed libvirt; empty while there is none. */
  version: string;
  readonly #kernel: Kernel;
  readonly #machine: Machine;
  #nextId = 1;
  /** False: the daemon does not answer. */
  isRunning: boolean;
  /** Names of domains whose processors stand still. */
  readonly paused = new Set<string>();
  /** Names of domains that do not act upon a request to shut down. */
  readonly deaf = new Set<string>();
  /** Names of domains without a stored definition: they are gone when they end. */
  readonly transient = new Set<string>();
  /**
   * Milliseconds that a guest takes to let go of a device, by the domain's name; Infinity for one that never does. virsh
   * returns before: libvirt waits five seconds for the guest and then says that all is well (libvirt 9.0, seen).
   */
  readonly unplugMs = new Map<string, number>();
  /** Agents in guests, by the domain's name. */
  readonly agents = new Map<string, GuestAgent>();

  readonly #isConventional = (source: string): boolean =>
    this.#machine.functions.some((one) => one.address === source && one.isConventional === true);

  constructor(machine: Machine, kernel: Kernel, folder: string) {
    this.#machine = machine;
    this.#kernel = kernel;
    this.version = machine.libvirt ?? "";
    this.isRunning = machine.libvirt !== undefined;
    this.store = new DomainStore(folder, this.#isConventional);
    this.devices = new HostDevices(kernel, machine, this.store);
  }

  /** After the host has booted: nothing runs but what starts by itself. */
  boot(): void {
    this.devices.forget();
    for (const domain of this.store.list().filter((one) => one.live !== undefined)) this.#end(domain.name);
    for (const domain of this.store.list().filter((one) => this.store.hasAutostart(one.name))) {
      try {
        this.start(domain);
      } catch (error) {
        // A domain that cannot start stays off, as the daemon leaves it.
        if (!(error instanceof LibvirtError)) throw error;
      }
    }
  }

  define(xml: string): Domain {
    return this.store.define(parseDocument(xml, ["domain"]));
  }

  /** Starts a domain; its host devices are taken first. */
  start(domain: Domain): void {
    if (domain.live !== undefined) throw new LibvirtError("Domain is already active", null);
    this.devices.claim(domain);
    this.agents.get(domain.name)?.boot();
    const live = copyElement(domain.config);
    live.attributes = new Map([...live.attributes, ["id", String(this.#nextId++)]]);
    hostdevsOf(live).forEach(({ element }, index) => {
      if (!element.children.some((child) => child.name === "alias")) {
        element.children.splice(1, 0, createElement("alias", [["name", `hostdev${index}`]]));
      }
    });
    this.store.setLive(domain.name, live);
  }

  /**
   * Forgets the stored form of a domain. One that runs goes on without and is gone when it ends (libvirt 9.0, seen). With
   * a file of firmware variables libvirt wants to be told what becomes of it (src/qemu/qemu_driver.c).
   */
  undefine(domain: Domain, choice: "keep" | "remove" | undefined): void {
    const firmware = domain.config.children.find((child) => child.name === "os");
    const hasVariables = firmware?.children.some((child) => child.name === "nvram") === true;
    if (hasVariables && choice === undefined) {
      throw new LibvirtError("Requested operation is not valid: cannot undefine domain with nvram");
    }
    if (domain.live === undefined) this.store.remove(domain.name);
    else this.transient.add(domain.name);
  }

  /** Has the agent in a guest answer, in libvirt's words where there is none. */
  askAgent(domain: Domain, command: string): string {
    if (domain.live === undefined) throw new LibvirtError("Requested operation is not valid: domain is not running");
    if (!hasAgentChannel(domain.live)) {
      throw new LibvirtError("argument unsupported: QEMU guest agent is not configured");
    }
    const agent = this.agents.get(domain.name);
    if (agent?.isConnected() !== true) {
      throw new LibvirtError("Guest agent is not responding: QEMU guest agent is not connected");
    }
    return agent.answer(
      command,
      hostdevsOf(domain.live).map(({ source }) => this.#idOf(source)),
    );
  }

  #idOf(source: string): string {
    return this.#machine.functions.find((one) => one.address === source)?.id ?? "0000:0000";
  }

  /** Stops a domain and gives its managed devices back. */
  stop(domain: Domain): void {
    if (domain.live === undefined) throw new LibvirtError("Requested operation is not valid: domain is not running");
    this.#end(domain.name);
    this.devices.release(domain.name);
  }

  /** Asks the guest to shut down; virsh does not wait for it. */
  shutDown(domain: Domain): void {
    if (domain.live === undefined) throw new LibvirtError("Requested operation is not valid: domain is not running");
    if (!this.deaf.has(domain.name) && !this.paused.has(domain.name)) this.stop(domain);
  }

  /** libvirt's word for what a domain does. */
  stateOf(domain: Domain): string {
    if (domain.live === undefined) return "shut off";
    return this.paused.has(domain.name) ? "paused" : "running";
  }

  #end(name: string): void {
    this.store.setLive(name, undefined);
    this.paused.delete(name);
    if (this.transient.delete(name)) this.store.remove(name);
  }

  attach(domain: Domain, xml: string, target: ChangeTarget): void {
    this.#change(domain, xml, target, attachDevice);
  }

  detach(domain: Domain, xml: string, target: ChangeTarget): void {
    this.#change(domain, xml, target, detachDevice);
  }

  #change(domain: Domain, xml: string, target: ChangeTarget, change: typeof attachDevice): void {
    if (target.isForLive && domain.live === undefined) {
      throw new LibvirtError("Requested operation is not valid: domain is not running");
    }
    const config = target.isForConfig ? change(domain.config, xml, "config", this.#isConventional) : undefined;
    const live =
      target.isForLive && domain.live !== undefined
        ? change(domain.live, xml, "live", this.#isConventional)
        : undefined;
    const delay = change === detachDevice ? this.unplugMs.get(domain.name) : undefined;
    if (live !== undefined && delay !== undefined) {
      if (Number.isFinite(delay))
        setTimeout(() => {
          this.#finishUnplug(domain.name, xml);
        }, delay).unref();
    } else if (live !== undefined) {
      const before = hostdevsOf(domain.live ?? live).map((one) => one.source);
      const after = hostdevsOf(live);
      for (const { element, source } of after)
        if (!before.includes(source)) this.devices.claimOne(domain.name, element, source);
      this.store.setLive(domain.name, live);
      for (const source of before)
        if (!after.some((one) => one.source === source)) this.devices.releaseOne(domain.name, source);
    }
    if (config !== undefined) this.store.define(config);
  }

  /** The guest has let go, if it still runs. */
  #finishUnplug(name: string, xml: string): void {
    const domain = this.store.list().find((one) => one.name === name);
    if (domain?.live === undefined) return;
    const sources = hostdevsOf(domain.live).map((one) => one.source);
    const live = detachDevice(domain.live, xml, "live", this.#isConventional);
    this.store.setLive(name, live);
    const left = hostdevsOf(live).map((one) => one.source);
    for (const source of sources) if (!left.includes(source)) this.devices.releaseOne(name, source);
  }

  nodeNames(): string[] {
    return this.#machine.functions.map((one) => nodeName(one.address)).sort();
  }

  /** The address behind a node device's name. */
  addressOf(name: string): string {
    const address = parseNodeName(name);
    if (address !== undefined && this.#kernel.bus.find(address) !== undefined) return address;
    throw new LibvirtError(
      `Node device not found: no node device with matching name '${name}'`,
      `Could not find matching device '${name}'`,
    );
  }

  describeNode(name: string): string {
    return renderXml(describeNodeDevice(this.#machine, this.#kernel.bus, this.addressOf(name)));
  }
}
