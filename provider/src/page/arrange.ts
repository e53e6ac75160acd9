import type { SurveyedDevice } from "../model/survey/survey";
import { groupBy } from "./collect";
import type { Box } from "./picture";
import { readGroup, type Item, type StackItem } from "./tree";

/** Sizes in CSS pixels; the style sheet draws into these boxes. */
export const SIZES = {
  row: { width: 262, height: 44, heightWithUse: 62 },
  port: { width: 84, height: 40 },
  stack: { title: 22 },
  cell: { width: 38, height: 24, gap: 4, sign: 16 },
  /** The strip of a frame that holds number and sign. */
  band: 28,
  /** Between the frame and what it holds. */
  padding: 3,
  /** Between a bridge and what hangs on it. */
  reach: 18,
  gapInGroup: 2,
  gap: 16,
  /** From the bus to what is on it, to the right and downwards. */
  trunk: 14,
  top: 10,
} as const;

/** A part of the picture in its place. */
export interface Placed {
  readonly item: Item;
  readonly box: Box;
  /** Height at which the line from above meets it. */
  readonly anchorY: number;
  /** Left end of its frame, or of the box itself: where the line from above ends. */
  readonly edgeX: number;
  /** Members of a group that stand together have the same part; undefined: it has no frame. */
  readonly part: Part | undefined;
  /** The item above; undefined on the bus. */
  readonly above: Placed | undefined;
  readonly cells: readonly Cell[];
}

/** Members of a group that stand together; a group whose members stand apart has several. */
export interface Part {
  readonly group: number;
  readonly left: number;
}

/** A function within a stack. */
export interface Cell {
  readonly device: SurveyedDevice;
  readonly box: Box;
  /** The frame of its group within the stack. */
  readonly pill: Box;
}

/**
 * Gives every item its place: one below the other, and what hangs on a bridge to the right of it, beginning on its line.
 * Members of the groups in `framed` leave room for a frame.
 */
export function arrange(items: readonly Item[], framed: ReadonlySet<number>): Placed[] {
  return placeAll(items, { x: SIZES.trunk, y: SIZES.top, above: undefined, framed });
}

/** Right and lower end of what is placed, frames included. */
export function measureAll(placed: readonly Placed[]): { readonly width: number; readonly height: number } {
  return {
    width: Math.max(0, ...placed.map(({ box }) => box.x + box.width)) + SIZES.padding,
    height: Math.max(0, ...placed.map(({ box }) => box.y + box.height)) + SIZES.padding,
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly above: Placed | undefined;
  readonly framed: ReadonlySet<number>;
}

function placeAll(items: readonly Item[], place: Place): Placed[] {
  const placed: Placed[] = [];
  let y = place.y;
  let before: Placed | undefined;
  for (const item of items) {
    const part = choosePart(item, place, before);
    if (before !== undefined) y += part !== undefined && part === before.part ? SIZES.gapInGroup : SIZES.gap;
    const block = placeOne(item, { ...place, y }, part);
    placed.push(...block);
    before = block[0];
    y = Math.max(...block.map(({ box }) => box.y + box.height));
  }
  return placed;
}

function choosePart(item: Item, { x, above, framed }: Place, before: Placed | undefined): Part | undefined {
  const group = readGroup(item);
  if (group < 0) return item.kind === "function" && !item.device.isBridge ? { group, left: x } : undefined;
  if (above?.part?.group === group) return above.part;
  if (before?.part?.group === group) return before.part;
  return framed.has(group) ? { group, left: x } : undefined;
}

function placeOne(item: Item, place: Place, part: Part | undefined): Placed[] {
  const isInherited = part === undefined || part === place.above?.part;
  const x = isInherited ? place.x : place.x + SIZES.band;
  const line = place.y + findLine(item);
  const common = { item, part, above: place.above, anchorY: line, edgeX: isInherited ? x : part.left };
  if (item.kind === "stack")
    return [placeStack(item, { x, y: place.y, width: SIZES.row.width + (isInherited ? SIZES.band : 0) }, common)];
  const { device, children } = item;
  const own: Placed = { ...common, box: { x, y: line - ownLine(device), ...measure(device) }, cells: [] };
  const [first] = children;
  if (first === undefined) return [own];
  const right = x + own.box.width + SIZES.padding + SIZES.reach;
  return [own, ...placeAll(children, { ...place, x: right, y: line - findLine(first), above: own })];
}

/** How far below the upper end of its block the line from above meets an item: a bridge is on the line of its first child. */
function findLine(item: Item): number {
  if (item.kind === "stack") return SIZES.stack.title / 2;
  const [first] = item.children;
  return Math.max(ownLine(item.device), first === undefined ? 0 : findLine(first));
}

function ownLine({ isBridge }: SurveyedDevice): number {
  return isBridge ? SIZES.port.height / 2 : SIZES.row.height / 2;
}

function measure(device: SurveyedDevice): { readonly width: number; readonly height: number } {
  if (device.isBridge) return SIZES.port;
  return { width: SIZES.row.width, height: device.uses.length > 0 ? SIZES.row.heightWithUse : SIZES.row.height };
}

interface Room {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

function placeStack(item: StackItem, room: Room, common: Omit<Placed, "box" | "cells">): Placed {
  const { cells, height } = placeCells(item, { ...room, y: room.y + SIZES.stack.title });
  return { ...common, box: { ...room, height: SIZES.stack.title + height }, cells };
}

/** Sets cells as words are set into lines: those of a group are one word, broken only when it is longer than a line. */
function placeCells(item: StackItem, room: Room): { readonly cells: Cell[]; readonly height: number } {
  const { width, height, gap, sign } = SIZES.cell;
  const perLine = Math.floor((room.width - sign) / width);
  const words = [...groupBy(item.devices, (device) => (device.group < 0 ? device : device.group)).values()];
  const cells: Cell[] = [];
  let x = room.x;
  let y = room.y;
  for (const devices of words.flatMap((word) => chunk(word, perLine))) {
    const length = sign + devices.length * width;
    if (x > room.x && x + length > room.x + room.width) {
      x = room.x;
      y += height + gap;
    }
    const pill = { x, y, width: length, height };
    cells.push(...devices.map((device, i) => ({ device, pill, box: { x: x + sign + i * width, y, width, height } })));
    x += length + gap;
  }
  return { cells, height: y + height - room.y };
}

function chunk<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}
