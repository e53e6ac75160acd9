import { renderGuestAddress, sourceOf } from "./hostdev";
import { LibvirtError } from "./error";
import { renderHex } from "./hex";
import type { XmlElement } from "./xml";
import { childOf, createElement } from "./xml";

/** Whether the host's function of this address has no PCI Express capability. */
export type IsConventional = (source: string) => boolean;

/** Root ports share a slot of the root bus; the first slots may hold other devices. */
const PORT_SLOTS = [1, 2, 3, 4, 5, 6];

/**
 * Gives every PCI host device without a guest address one. On q35 an Express device gets a root port of its own, a
 * conventional one a slot of a bridge; controllers come as they are needed.
 */
export function placeDevices(devices: XmlElement, isQ35: boolean, isConventional: IsConventional): void {
  if (isQ35 && controllersOf(devices).length === 0) addController(devices, 0, "pcie-root", []);
  if (isQ35) growTo(devices, Math.max(0, ...guestAddressesOf(devices).map(({ bus }) => bus)));
  refuseDoubles(devices);
  for (const device of devices.children.filter((child) => child.name === "hostdev")) {
    const source = sourceOf(device);
    if (source === undefined || childOf(device, "address") !== undefined) continue;
    device.children.push(isQ35 ? findPlace(devices, isConventional(source)) : findSlot(devices, 0, 2));
  }
}

/** An address may name a bus that is not there: the root ports up to it come by themselves (libvirt 9.0, seen). */
function growTo(devices: XmlElement, bus: number): void {
  for (let index = nextIndex(devices); index <= bus; index = nextIndex(devices)) addRootPort(devices);
}

function refuseDoubles(devices: XmlElement): void {
  const seen = new Set<string>();
  for (const { bus, slot, fn } of guestAddressesOf(devices)) {
    const text = `0000:${renderHex(bus, 2).slice(2)}:${renderHex(slot, 2).slice(2)}.${fn}`;
    if (seen.has(text)) throw new LibvirtError(`XML error: Attempted double use of PCI Address ${text}`);
    seen.add(text);
  }
}

function findPlace(devices: XmlElement, isConventional: boolean): XmlElement {
  if (!isConventional) return renderGuestAddress(findFreePort(devices) ?? addRootPort(devices), 0, 0);
  return findSlot(devices, findBridge(devices) ?? addBridge(devices), 1);
}

function findBridge(devices: XmlElement): number | undefined {
  return indexesOf(devices, "pcie-to-pci-bridge")[0];
}

/** A new bridge comes with a root port, though it may sit on one that is free already. */
function addBridge(devices: XmlElement): number {
  const added = addRootPort(devices);
  const port = findFreePort(devices) ?? added;
  const name = createElement("model", [["name", "pcie-pci-bridge"]]);
  return addController(devices, nextIndex(devices), "pcie-to-pci-bridge", [name, renderGuestAddress(port, 0, 0)]);
}

function findFreePort(devices: XmlElement): number | undefined {
  const taken = new Set(guestAddressesOf(devices).map((address) => address.bus));
  return indexesOf(devices, "pcie-root-port").find((index) => !taken.has(index));
}

function addRootPort(devices: XmlElement): number {
  const index = nextIndex(devices);
  const slot =
    PORT_SLOTS.find((one) => isFree(devices, one, 7) && (isFree(devices, one, 0) || isPortSlot(devices, one))) ?? 7;
  const fn = [0, 1, 2, 3, 4, 5, 6, 7].find((one) => isFree(devices, slot, one)) ?? 0;
  const address = renderGuestAddress(0, slot, fn);
  if (fn === 0) address.attributes.set("multifunction", "on");
  const target = [
    ["chassis", String(index)],
    ["port", renderHex(slot * 8 + fn, 1)],
  ] as const;
  const model = createElement("model", [["name", "pcie-root-port"]]);
  return addController(devices, index, "pcie-root-port", [model, createElement("target", target), address]);
}

function isFree(devices: XmlElement, slot: number, fn: number): boolean {
  return !guestAddressesOf(devices).some((one) => one.bus === 0 && one.slot === slot && one.fn === fn);
}

function addController(devices: XmlElement, index: number, model: string, children: XmlElement[]): number {
  const attributes = [
    ["type", "pci"],
    ["index", String(index)],
    ["model", model],
  ] as const;
  devices.children.push(createElement("controller", attributes, children));
  return index;
}

function controllersOf(devices: XmlElement): XmlElement[] {
  return devices.children.filter((child) => child.name === "controller" && child.attributes.get("type") === "pci");
}

function indexesOf(devices: XmlElement, model: string): number[] {
  const found = controllersOf(devices).filter((one) => one.attributes.get("model") === model);
  return found.map((one) => Number(one.attributes.get("index"))).sort((a, b) => a - b);
}

function nextIndex(devices: XmlElement): number {
  return Math.max(...controllersOf(devices).map((one) => Number(one.attributes.get("index")))) + 1;
}

function isPortSlot(devices: XmlElement, slot: number): boolean {
  return controllersOf(devices).some((one) => {
    const address = childOf(one, "address")?.attributes;
    return Number(address?.get("bus")) === 0 && Number(address?.get("slot")) === slot;
  });
}

function findSlot(devices: XmlElement, bus: number, first: number): XmlElement {
  const onBus = guestAddressesOf(devices).filter((one) => one.bus === bus);
  const taken = new Set(onBus.map((one) => one.slot));
  const slots = Array.from({ length: 32 - first }, (_unused, index) => first + index);
  return renderGuestAddress(bus, slots.find((slot) => !taken.has(slot)) ?? 31, 0);
}

function guestAddressesOf(devices: XmlElement): { bus: number; slot: number; fn: number }[] {
  return devices.children.flatMap((device) => {
    const address = device.children.find((child) => child.name === "address" && child.attributes.get("type") === "pci");
    if (address === undefined) return [];
    const [bus = 0, slot = 0, fn = 0] = ["bus", "slot", "function"].map((part) => Number(address.attributes.get(part)));
    return [{ bus, slot, fn }];
  });
}
