import { LibvirtError } from "./error";
import type { XmlElement } from "./xml";
import { childOf } from "./xml";

const CHANNEL = "org.qemu.guest_agent.0";

/** What an agent in a guest is like. */
export interface GuestAgentOptions {
  /** The system that it runs in. Default: `linux`. */
  readonly system?: "linux" | "windows";
  /** Milliseconds from the start of the guest until it connects. Default: 0. */
  readonly connectsAfterMs?: number;
  /** Commands that its configuration forbids, as Red Hat's does with those that read files. Default: none. */
  readonly disabled?: readonly string[];
  /** `vendor:device` of functions that the guest's system does not see. Default: none. */
  readonly blindTo?: readonly string[];
}

/** Whether a domain has the channel through which libvirt speaks to an agent. */
export function hasAgentChannel(domain: XmlElement): boolean {
  return findChannelTargets(domain).length > 0;
}

/** Says of the channel whether an agent is at its other end, as the XML of a running domain does. */
export function markAgentChannel(domain: XmlElement, isConnected: boolean): void {
  for (const target of findChannelTargets(domain)) {
    target.attributes.set("state", isConnected ? "connected" : "disconnected");
  }
}

function findChannelTargets(domain: XmlElement): XmlElement[] {
  const channels = childOf(domain, "devices")?.children.filter((device) => device.name === "channel") ?? [];
  return channels
    .flatMap((channel) => channel.children.filter((child) => child.name === "target"))
    .filter((target) => target.attributes.get("name") === CHANNEL);
}

/** QEMU's agent in a guest: the commands of qga/qapi-schema.json that tell of PCI devices, in the words of libvirt. */
export class GuestAgent {
  readonly #options: GuestAgentOptions;
  readonly #open = new Map<number, string>();
  #nextHandle = 1000;
  #connectsAt = 0;

  constructor(options: GuestAgentOptions = {}) {
    this.#options = options;
  }

  /** The guest has started; its agent comes a while later. */
  boot(): void {
    this.#open.clear();
    this.#connectsAt = Date.now() + (this.#options.connectsAfterMs ?? 0);
  }

  isConnected(): boolean {
    return Date.now() >= this.#connectsAt;
  }

  /** Answers a command; `ids` are the devices that the guest has. */
  answer(text: string, ids: readonly string[]): string {
    const { execute, arguments: given = {} } = JSON.parse(text) as {
      execute: string;
      arguments?: Readonly<Record<string, unknown>>;
    };
    if (this.#options.disabled?.includes(execute) === true) refuse(execute, `Command ${execute} has been disabled`);
    const seen = ids.filter((id) => this.#options.blindTo?.includes(id) !== true);
    return JSON.stringify({ return: this.#run(execute, given, seen) });
  }

  #run(execute: string, given: Readonly<Record<string, unknown>>, ids: readonly string[]): unknown {
    const isWindows = this.#options.system === "windows";
    if (execute === "guest-ping") return {};
    if (execute === "guest-get-devices" && isWindows) return ids.map(describeDriver);
    if (execute === "guest-file-open") {
      const path = String(given["path"]);
      if (isWindows || path !== "/proc/bus/pci/devices") {
        refuse(execute, `failed to open file '${path}' (mode: 'r'): No such file or directory`);
      }
      this.#open.set(++this.#nextHandle, ids.map(renderProcLine).join(""));
      return this.#nextHandle;
    }
    const handle = Number(given["handle"]);
    const text = this.#open.get(handle);
    if (execute === "guest-file-read" && text !== undefined) {
      return { count: text.length, "buf-b64": Buffer.from(text).toString("base64"), eof: true };
    }
    if (execute === "guest-file-close" && this.#open.delete(handle)) return {};
    return refuse(execute, `The command ${execute} has not been found`);
  }
}

function refuse(command: string, reason: string): never {
  throw new LibvirtError(`internal error: unable to execute QEMU agent command '${command}': ${reason}`);
}

/** A line of `/proc/bus/pci/devices`: bus and slot, vendor and device, interrupt, and much that nobody asks for. */
function renderProcLine(id: string, index: number): string {
  return `${(0x500 + index * 8).toString(16).padStart(4, "0")}\t${id.replace(":", "")}\t10\t       0\n`;
}

function describeDriver(id: string): unknown {
  const [vendor = 0, device = 0] = id.split(":").map((part) => parseInt(part, 16));
  return { "driver-name": "Device", id: { type: "pci", "vendor-id": vendor, "device-id": device } };
}
