import type { HostSurvey, SurveyedDevice, Verdict } from "../model/survey/survey";
import { measureAll, SIZES, type Part, type Placed } from "./arrange";
import { countBy, groupBy } from "./collect";
import { splitIntoColumns } from "./columns";
import { drawBranch, outline } from "./lines";
import type {
  Box,
  BusPicture,
  ColumnPicture,
  EdgePicture,
  FramePicture,
  HostPicture,
  NodePicture,
  PillPicture,
} from "./picture";
import { growTrees, type Item, type RootBus, type StackItem } from "./tree";

/** The verdict on each group. */
type Kinds = ReadonlyMap<number, Verdict["kind"]>;

/** Draws a host: what stands where, and which lines and frames lie between. */
export function drawHost(survey: HostSurvey): HostPicture {
  const framed = listFramed(survey);
  const kinds = new Map(survey.groups.map(({ number, verdict }) => [number, verdict.kind]));
  const trees = growTrees(survey.devices);
  // Buses with nothing but the chipset's own functions come last.
  const sorted = [...trees.filter((bus) => !isQuiet(bus)), ...trees.filter(isQuiet)];
  return { survey, buses: sorted.map((bus) => drawBus(bus, framed, kinds)) };
}

function isQuiet({ items }: RootBus): boolean {
  return items.every(({ kind }) => kind === "stack");
}

/** Groups that get a frame: not those of a single bridge, which would only frame what is a box already. */
function listFramed({ devices }: HostSurvey): Set<number> {
  const sizes = countBy(devices, ({ group }) => group);
  const framed = devices.filter(({ group, isBridge }) => group >= 0 && (!isBridge || (sizes.get(group) ?? 0) > 1));
  return new Set(framed.map(({ group }) => group));
}

function drawBus({ bus, items }: RootBus, framed: ReadonlySet<number>, kinds: Kinds): BusPicture {
  const columns = splitIntoColumns(items, framed).map((placed) => drawColumn(placed, kinds));
  return { bus, numaNode: agreeOnNode(items.flatMap(listAll)), columns };
}

function drawColumn(placed: readonly Placed[], kinds: Kinds): ColumnPicture {
  const stacked = placed.filter(isStack);
  const alone = placed.filter((one) => !isStack(one)).flatMap(({ item }) => listDevices(item));
  const bases = new Set(alone.map(({ address }) => address));
  return {
    ...measureAll(placed),
    nodes: sortAsTree(placed.flatMap((one) => describeNodes(one, bases))),
    stacks: stacked.map(({ item, box, cells }) => ({ title: item.title, ...box, pills: drawPills(cells, kinds) })),
    frames: drawFrames(placed, kinds),
    edges: drawEdges(placed),
  };
}

function isStack(placed: Placed): placed is Placed & { readonly item: StackItem } {
  return placed.item.kind === "stack";
}

function listAll(item: Item): readonly SurveyedDevice[] {
  return item.kind === "function" ? [item.device, ...item.children.flatMap(listAll)] : item.devices;
}

function listDevices(item: Item): readonly SurveyedDevice[] {
  return item.kind === "function" ? [item.device] : item.devices;
}

function agreeOnNode(devices: readonly SurveyedDevice[]): number {
  const [first, ...others] = new Set(devices.map(({ numaNode }) => numaNode));
  return others.length > 0 ? -1 : (first ?? -1);
}

type Leaf = Omit<NodePicture, "level">;

/** A virtual function is below its physical one, if this is among `bases`: a function that is drawn on its own. */
function describeNodes({ item, box, above, cells }: Placed, bases: ReadonlySet<string>): Leaf[] {
  const parent = above?.item.kind === "function" ? above.item.device.address : "";
  if (item.kind === "function") {
    const { address, isBridge } = item.device;
    return [{ address, kind: isBridge ? "port" : "row", role: item.role, parent, ...box }];
  }
  return cells.map((cell) => ({
    address: cell.device.address,
    kind: "cell",
    role: "",
    parent: bases.has(cell.device.physicalFunction) ? cell.device.physicalFunction : parent,
    ...cell.box,
  }));
}

/** Orders them so that each stands behind its parent and before its parent's next sibling, as a screen reader reads a tree. */
function sortAsTree(leaves: readonly Leaf[]): NodePicture[] {
  const below = groupBy(leaves, ({ parent }) => parent);
  function walk(parent: string, level: number): NodePicture[] {
    const children = below.get(parent) ?? [];
    return children.flatMap((leaf) => [{ ...leaf, level }, ...walk(leaf.address, level + 1)]);
  }
  return walk("", 2);
}

function drawPills(cells: Placed["cells"], kinds: Kinds): PillPicture[] {
  return [...groupBy(cells, ({ pill }) => pill)].map(([pill, members]) => {
    const devices = members.map(({ device }) => device);
    const group = devices[0]?.group ?? -1;
    return { ...pill, group, kind: judge(group, devices, kinds), members: devices.map(({ address }) => address) };
  });
}

/** The verdict on a group, or on the function itself where it has none. */
function judge(group: number, devices: readonly SurveyedDevice[], kinds: Kinds): Verdict["kind"] {
  return kinds.get(group) ?? devices[0]?.verdict.kind ?? "free";
}

function drawFrames(placed: readonly Placed[], kinds: Kinds): FramePicture[] {
  const framed = placed.filter((one): one is Placed & { readonly part: Part } => one.part !== undefined);
  return [...groupBy(framed, ({ part }) => part)].map(([part, members]) => {
    const boxes = members.map(({ box }) => pad(box));
    const top = Math.min(...boxes.map(({ y }) => y));
    const height = Math.max(...boxes.map((box) => box.y + box.height)) - top;
    const devices = members.flatMap(({ item }) => listDevices(item));
    return {
      group: part.group,
      kind: judge(part.group, devices, kinds),
      members: devices.map(({ address }) => address),
      outline: outline(part.left, boxes),
      band: { x: part.left, y: top, width: SIZES.band, height },
    };
  });
}

function pad({ x, y, width, height }: Box): Box {
  const { padding } = SIZES;
  return { x: x - padding, y: y - padding, width: width + 2 * padding, height: height + 2 * padding };
}

function drawEdges(placed: readonly Placed[]): EdgePicture[] {
  return placed.map(({ item, above, edgeX, anchorY }) => {
    const to = listDevices(item).map(({ address }) => address);
    const end = { x: edgeX, y: anchorY };
    if (above?.item.kind !== "function") return { from: "", to, line: drawBranch({ x: SIZES.trunk / 2, y: 0 }, end) };
    const start = { x: above.box.x + above.box.width, y: above.anchorY };
    const turn = start.x + SIZES.padding + SIZES.reach / 2;
    return { from: above.item.device.address, to, line: drawBranch({ x: turn, y: start.y }, end, start.x) };
  });
}
