import { isHostBridge } from "../model/pci/class-names";
import type { SurveyedDevice } from "../model/survey/survey";
import { countBy, groupBy } from "./collect";

/** A function with what hangs below it. */
export interface FunctionItem {
  readonly kind: "function";
  readonly device: SurveyedDevice;
  /** Empty for functions that are no bridges. */
  readonly role: string;
  readonly children: readonly Item[];
}

/** Functions that are much alike and stand under the same bridge. */
export interface StackItem {
  readonly kind: "stack";
  readonly title: string;
  readonly devices: readonly SurveyedDevice[];
  /** The group that its functions share with others outside; -1 where the groups lie within the stack. */
  readonly group: number;
}

export type Item = FunctionItem | StackItem;

/** A root bus and what is on it. */
export interface RootBus {
  readonly bus: string;
  readonly items: readonly Item[];
}

/** What stands above a function on a root bus, where a bridge would have its role. */
const BUS = "bus";

/** From how many on functions that are alike become a stack. */
const STACK_SIZE = 3;

/** Makes trees of the functions of a host, one for each root bus. Every function is in exactly one of them, once. */
export function growTrees(devices: readonly SurveyedDevice[]): RootBus[] {
  const tops = findTops(devices);
  const isTop = new Set(tops);
  const below = groupBy(
    devices.filter((device) => !isTop.has(device)),
    ({ parent }) => parent,
  );
  const sizes = countBy(devices, ({ group }) => group);
  const buses = groupBy(tops, ({ address }) => readBus(address));
  return [...buses].map(([bus, members]) => ({ bus, items: growItems(members, BUS, { below, sizes }) }));
}

/** Domain and bus of an address. */
export function readBus(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

/** The group of an item as a whole. */
export function readGroup(item: Item): number {
  return item.kind === "function" ? item.device.group : item.group;
}

interface Context {
  readonly below: ReadonlyMap<string, readonly SurveyedDevice[]>;
  /** How many functions each group has. */
  readonly sizes: ReadonlyMap<number, number>;
}

/** Those on a root bus, and those whose chain of parents ends nowhere: a wrong survey must not hide a function. */
function findTops(devices: readonly SurveyedDevice[]): SurveyedDevice[] {
  const byAddress = new Map(devices.map((device) => [device.address, device]));
  return devices.filter((device) => !byAddress.has(device.parent) || isInLoop(device, byAddress));
}

function isInLoop(device: SurveyedDevice, byAddress: ReadonlyMap<string, SurveyedDevice>): boolean {
  const seen = new Set<string>();
  for (let at = byAddress.get(device.parent); at !== undefined; at = byAddress.get(at.parent)) {
    if (at === device) return true;
    if (seen.has(at.address)) return false;
    seen.add(at.address);
  }
  return false;
}

function growItems(devices: readonly SurveyedDevice[], above: string, context: Context): Item[] {
  const kinds = new Map(devices.map((device) => [device, likeness(device, context)]));
  const alike = groupBy(devices, (device) => kinds.get(device) ?? "");
  const items = devices.flatMap((device): Item[] => {
    const kind = kinds.get(device) ?? "";
    const companions = kind === "" ? [] : (alike.get(kind) ?? []);
    if (companions.length < STACK_SIZE) return [growFunction(device, above, context)];
    return companions[0] === device ? growStacks(kind, companions, context) : [];
  });
  return gatherVirtual(gatherGroups(items));
}

function growFunction(device: SurveyedDevice, above: string, context: Context): FunctionItem {
  const below = context.below.get(device.address) ?? [];
  const role = device.isBridge ? describeBridge(device, below, above) : "";
  return { kind: "function", device, role, children: growItems(below, role, context) };
}

/**
 * The survey does not tell the kind of a bridge, but its place does. The kernel's driver `pcieport` binds to the ports of PCI
 * Express alone, so a bridge without it stays a bridge.
 */
function describeBridge(device: SurveyedDevice, below: readonly SurveyedDevice[], above: string): string {
  if (device.driver !== "pcieport") return "bridge";
  if (above === BUS) return "root port";
  if (above === "switch") return "switch port";
  return below.length > 0 && below.every(({ isBridge }) => isBridge) ? "switch" : "bridge";
}

/** What a function has in common with others that it can be stacked with; empty: it stands alone. */
function likeness(device: SurveyedDevice, { below }: Context): string {
  if (below.has(device.address)) return "";
  if (device.physicalFunction !== "") return `virtual functions of ${shorten(device.physicalFunction)}`;
  if (device.isBridge) return "ports with nothing behind them";
  if (device.uses.length > 0) return "";
  return isHostBridge(device.class) || /^(?:05|08|11)/.test(device.class) ? "functions of the chipset" : "";
}

/** One stack for those whose groups lie within it, and one for each group that has members elsewhere. */
function growStacks(kind: string, devices: readonly SurveyedDevice[], { sizes }: Context): StackItem[] {
  const own = countBy(devices, ({ group }) => group);
  const byGroup = groupBy(devices, ({ group }) => (group >= 0 && own.get(group) !== sizes.get(group) ? group : -1));
  return [...byGroup].map(([group, members]) => ({
    kind: "stack",
    title: `${members.length} ${kind}`,
    devices: members,
    group,
  }));
}

/** Puts the members of a group next to each other, where the first of them stands. */
function gatherGroups(items: readonly Item[]): Item[] {
  const byGroup = groupBy(items, (item) => {
    const group = readGroup(item);
    return group < 0 ? item : group;
  });
  return [...byGroup.values()].flat();
}

/** Puts the stack of virtual functions behind their physical one, and behind the group that this one is in. */
function gatherVirtual(items: readonly Item[]): Item[] {
  const stacks = items.filter((item) => item.kind === "stack" && item.group < 0 && readPhysical(item) !== "");
  return stacks.reduce(
    (rest: Item[], stack) =>
      insertAfter(
        rest.filter((item) => item !== stack),
        stack,
      ),
    [...items],
  );
}

function insertAfter(items: readonly Item[], stack: Item): Item[] {
  const physical = items.find((item) => item.kind === "function" && item.device.address === readPhysical(stack));
  if (physical === undefined) return [...items, stack];
  const group = readGroup(physical);
  const last = items.findLastIndex((item) => item === physical || (group >= 0 && readGroup(item) === group));
  return items.toSpliced(last + 1, 0, stack);
}

function readPhysical(item: Item): string {
  return item.kind === "stack" ? (item.devices[0]?.physicalFunction ?? "") : "";
}

function shorten(address: string): string {
  return address.replace(/^0000:/, "");
}
