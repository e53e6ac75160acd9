import fs from "node:fs";
import path from "node:path";

import type { HostSettings } from "../model/connection";
import type { HostParts } from "./assemble";
import { assembleHost } from "./assemble";
import type { FileChange, Picture } from "./changes";
import { comparePictures, takePicture } from "./changes";
import type { Faults } from "./faults";
import type { Activity } from "./kernel/activity";
import { DEFAULT_URI } from "./libvirt/connect";
import type { Libvirt } from "./libvirt/daemon";
import type { Domain } from "./libvirt/domain-store";
import { renderDomain } from "./libvirt/domain-store";
import { GuestAgent, type GuestAgentOptions } from "./libvirt/guest-agent";
import type { HostPackages } from "./packages/host-packages";
import type { SimulatedHostOptions } from "./options";
import { makeBaseFolder, removeBaseFolder } from "./root/base-folder";
import type { RecordedCommand } from "./ssh/sessions";

/** How often the host was used. */
export interface Counters {
  readonly connections: number;
  readonly commands: number;
  /** Calls of tools that change something outside files: sysfs writes, virsh changes, reboots. */
  readonly writes: number;
}

/**
 * A KVM host to test against: an SSH server on a loopback port before a folder that holds a small Linux. Scripts run in a
 * real shell; the tools that touch hardware, boot loader and libvirt are stand-ins that behave.
 */
export class SimulatedHost implements AsyncDisposable {
  readonly #parts: HostParts;
  #picture: Picture;

  private constructor(parts: HostParts) {
    this.#parts = parts;
    this.#picture = takePicture(parts.files.root);
  }

  /** Builds a host in a temporary folder and boots it. */
  static async start(options: SimulatedHostOptions = {}): Promise<SimulatedHost> {
    const base = makeBaseFolder();
    try {
      return new SimulatedHost(await assembleHost(base, options));
    } catch (error) {
      removeBaseFolder(base);
      throw error;
    }
  }

  /** What a program passes as `host`. */
  get connection(): HostSettings {
    return { ...this.#parts.connection };
  }

  /** Folder of this machine that stands for the host's `/`. */
  get root(): string {
    return this.#parts.files.root;
  }

  readFile(hostPath: string): string {
    return this.#parts.files.read(hostPath);
  }

  writeFile(hostPath: string, text: string): void {
    this.#parts.files.write(hostPath, text);
  }

  removeFile(hostPath: string): void {
    this.#parts.files.remove(hostPath);
  }

  exists(hostPath: string): boolean {
    return this.#parts.files.exists(hostPath);
  }

  /** Driver of a PCI function, `0000:01:00.0`; undefined when it has none. */
  driverOf(address: string): string | undefined {
    return this.#parts.system.kernel.bus.driverOf(address);
  }

  /** Binds a PCI function to a driver, or to none, behind the back of whoever is under test. */
  setDriver(address: string, driver: string | undefined): void {
    const { bus } = this.#parts.system.kernel;
    const before = bus.driverOf(address);
    if (before !== undefined) bus.unbind(address, before);
    if (driver === undefined) return;
    this.#parts.system.kernel.loadModule(driver);
    bus.setOverride(address, driver);
    bus.probe(address);
  }

  /** Writes to a file of a PCI function in sysfs, such as `sriov_numvfs`, as an operator would, and lets udev act upon it. */
  writeAttribute(address: string, attribute: string, value: string): void {
    const { bus, udev } = this.#parts.system.kernel;
    if (!bus.writeAttribute(address, attribute, value)) throw new Error("the write never returns");
    udev.settle();
  }

  /** Command line of the running kernel. */
  commandLine(): string {
    return this.readFile("/proc/cmdline").trim();
  }

  bootId(): string {
    return this.readFile("/proc/sys/kernel/random/boot_id").trim();
  }

  /** Stored XML of a domain. */
  domainXml(name: string, options: { withSecrets?: boolean; live?: boolean; connectUri?: string } = {}): string {
    const domain = this.#domain(name, options.connectUri);
    const form = options.live === true ? domain.live : domain.config;
    if (form === undefined) throw new Error(`domain ${name} does not run`);
    return renderDomain(form, options.withSecrets ?? false);
  }

  defineDomain(xml: string): void {
    this.#parts.system.libvirt.define(xml);
  }

  startDomain(name: string): void {
    this.#parts.system.libvirt.start(this.#domain(name));
  }

  stopDomain(name: string): void {
    this.#parts.system.libvirt.stop(this.#domain(name));
  }

  isDomainRunning(name: string): boolean {
    return this.#domain(name).live !== undefined;
  }

  /** Stops the processors of a running domain, or lets them go on. */
  pauseDomain(name: string, isPaused = true): void {
    const { paused } = this.#parts.system.libvirt;
    if (isPaused) paused.add(this.#domain(name).name);
    else paused.delete(name);
  }

  /** Makes a domain ignore requests to shut down, as one without a system that listens does. */
  ignoreShutdown(name: string, isIgnoring = true): void {
    const { deaf } = this.#parts.system.libvirt;
    if (isIgnoring) deaf.add(this.#domain(name).name);
    else deaf.delete(name);
  }

  /** Makes a guest take its time to let go of a device, or never do so; virsh says at once that all is well. */
  delayUnplug(name: string, ms: number): void {
    this.#parts.system.libvirt.unplugMs.set(this.#domain(name).name, ms);
  }

  /** Puts QEMU's agent into a guest; it answers where the domain has a channel for it. */
  installAgent(name: string, options: GuestAgentOptions = {}): void {
    this.#parts.system.libvirt.agents.set(name, new GuestAgent(options));
  }

  /** Makes a running domain one without a stored definition, as `virsh create` does. */
  makeTransient(name: string): void {
    this.#parts.system.libvirt.transient.add(this.#domain(name).name);
  }

  /** Who uses the host besides us: sessions, inhibitors, package managers. */
  get activity(): Activity {
    return this.#parts.system.activity;
  }

  /** What is installed, and what goes wrong when packages come. */
  get packages(): HostPackages {
    return this.#parts.system.packages;
  }

  setAutostart(name: string, isOn: boolean): void {
    this.#parts.system.libvirt.store.setAutostart(this.#domain(name).name, isOn);
  }

  /** Stops or starts a daemon of libvirt. */
  setLibvirtRunning(isRunning: boolean, connectUri = DEFAULT_URI): void {
    this.#libvirt(connectUri).isRunning = isRunning;
  }

  /** Restarts the host at once, and waits until it is back or has failed to boot. */
  async reboot(): Promise<void> {
    this.#parts.system.cutPower();
    await this.settle();
  }

  /** Switches the host off without warning; it stays off until `switchOn`. */
  cutPower(): void {
    this.#parts.system.cutPower("stayOff");
  }

  /** Switches the host on and waits until it has booted or failed to. */
  async switchOn(): Promise<void> {
    this.#parts.system.switchOn();
    await this.settle();
  }

  /** Waits for a restart that is under way. */
  async settle(): Promise<void> {
    await this.#parts.system.settle();
  }

  /** Why the host does not run: a boot that failed, or a power cut; undefined while it runs. */
  get failure(): string | undefined {
    return this.#parts.system.failure;
  }

  /** What to make go wrong with tools and steps. */
  get faults(): Faults {
    return this.#parts.system.faults;
  }

  /** Makes the kernel panic when its command line holds this word. */
  panicOn(word: string): void {
    this.#parts.system.panicWords.add(word);
  }

  /** Boots without a network when the command line holds this word: the host runs, and nobody reaches it. */
  loseNetworkOn(word: string): void {
    this.#parts.system.mutingWords.add(word);
  }

  /** Ends every new connection before its handshake, or stops doing so. */
  refuseConnections(isRefusing = true): void {
    this.#parts.server.isRefusing = isRefusing;
  }

  /** Drops every open connection without a word; commands go on. */
  dropConnections(): void {
    this.#parts.server.dropAll();
  }

  /** Runs a callback before each command starts. */
  beforeCommand(callback: (command: string) => void | Promise<void>): void {
    this.#parts.sessions.beforeCommand.push(callback);
  }

  /** Sends text before the output of every command, as a chatty login script does; empty to end it. */
  garbage(text: string): void {
    this.#parts.sessions.garbage = text;
  }

  /** Makes every write to a file fail for commands that start from now on. */
  fillDisk(isFull = true): void {
    this.#parts.sessions.isDiskFull = isFull;
  }

  /** Makes a folder and all in it unwritable for the host's programs, or writable again. */
  makeReadOnly(hostPath: string, isReadOnly = true): void {
    this.#parts.files.setWritable(hostPath, !isReadOnly);
  }

  get counters(): Counters {
    const { server, sessions, system } = this.#parts;
    return { connections: server.connectionCount, commands: sessions.recorded.length, writes: system.writes.length };
  }

  /** Every command that was sent, with its script. */
  get commands(): readonly RecordedCommand[] {
    return this.#parts.sessions.recorded;
  }

  /** Calls of tools that changed something outside files, such as `virsh nodedev-detach pci_0000_01_00_0`. */
  get writes(): readonly string[] {
    return this.#parts.system.writes;
  }

  /** Names of the steps that transactions have announced. */
  get steps(): readonly string[] {
    return fs.readFileSync(path.join(this.#parts.base, "steps"), "utf8").split("\n").slice(0, -1);
  }

  /** Remembers all files; `writtenFiles` says what has changed since. */
  mark(): void {
    this.#picture = takePicture(this.root);
  }

  writtenFiles(): FileChange[] {
    return comparePictures(this.#picture, takePicture(this.root));
  }

  /** Ends the server and everything that runs on the host, and removes its folder. */
  async stop(): Promise<void> {
    const { base, server, system } = this.#parts;
    await server.stop();
    await system.stop();
    removeBaseFolder(base);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #domain(name: string, connectUri = DEFAULT_URI): Domain {
    return this.#libvirt(connectUri).store.find(name);
  }

  #libvirt(connectUri: string): Libvirt {
    const libvirt = this.#parts.system.libvirts.get(connectUri);
    if (libvirt === undefined) throw new Error(`the host has no libvirt at ${connectUri}`);
    return libvirt;
  }
}
