import type { Box } from "./picture";

/** A point of the picture. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const RADIUS = 7;

/** The line from a bridge at `startX` along its trunk, which begins at `trunk`, to the left end of what hangs on it. */
export function drawBranch(trunk: Point, end: Point, startX: number = trunk.x): string {
  const corners = [{ x: startX, y: trunk.y }, trunk, { x: trunk.x, y: end.y }, end];
  return drawRounded(dropStraight(corners));
}

/**
 * The outline around boxes: straight at `left`, and at the right as wide as the boxes are there. So it leaves out what is
 * no member but hangs on one.
 */
export function outline(left: number, boxes: readonly Box[]): string {
  const steps = listSteps(boxes);
  const right = steps.flatMap(({ top, bottom, x }) => [
    { x, y: top },
    { x, y: bottom },
  ]);
  const top = steps[0]?.top ?? 0;
  const bottom = steps.at(-1)?.bottom ?? 0;
  return drawRounded(dropStraight([{ x: left, y: bottom }, { x: left, y: top }, ...right]), true);
}

interface Step {
  readonly top: number;
  readonly bottom: number;
  readonly x: number;
}

/** The right end of the boxes, from above to below; between two boxes the shorter one goes on. */
function listSteps(boxes: readonly Box[]): Step[] {
  const levels = [...new Set(boxes.flatMap(({ y, height }) => [y, y + height]))].sort((a, b) => a - b);
  const reaches = levels.slice(1).map((bottom, i) => {
    const top = levels[i] ?? bottom;
    const there = boxes.filter((box) => box.y <= top && box.y + box.height >= bottom);
    return { top, bottom, x: Math.max(...there.map((box) => box.x + box.width)) };
  });
  return reaches.map((step, i) => {
    if (Number.isFinite(step.x)) return step;
    const around = [reaches.slice(0, i).findLast(isFilled), reaches.slice(i).find(isFilled)];
    return { ...step, x: Math.min(...around.flatMap((one) => (one === undefined ? [] : [one.x]))) };
  });
}

function isFilled({ x }: Step): boolean {
  return Number.isFinite(x);
}

/** Leaves out points that lie on the straight line between their neighbours, and repeated ones. */
function dropStraight(points: readonly Point[]): Point[] {
  const distinct = points.filter((point, i) => i === 0 || !isSame(point, points[i - 1]));
  return distinct.filter((point, i) => {
    const before = distinct[i - 1];
    const after = distinct[i + 1];
    if (before === undefined || after === undefined) return true;
    return !((before.x === point.x && point.x === after.x) || (before.y === point.y && point.y === after.y));
  });
}

function isSame(a: Point, b: Point | undefined): boolean {
  return a.x === b?.x && a.y === b.y;
}

/** A path through the points, with round corners. */
function drawRounded(points: readonly Point[], isClosed = false): string {
  const parts = points.map((point, i) => {
    const before = points[i - 1] ?? (isClosed ? points.at(-1) : undefined);
    const after = points[i + 1] ?? (isClosed ? points[0] : undefined);
    const verb = i === 0 ? "M" : "L";
    if (before === undefined || after === undefined) return `${verb}${format(point)}`;
    const radius = Math.min(RADIUS, distance(before, point) / 2, distance(point, after) / 2);
    const enter = towards(point, before, radius);
    return `${verb}${format(enter)}Q${format(point)} ${format(towards(point, after, radius))}`;
  });
  return parts.join("") + (isClosed ? "Z" : "");
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from: Point, to: Point, length: number): Point {
  const whole = distance(from, to);
  return { x: from.x + ((to.x - from.x) * length) / whole, y: from.y + ((to.y - from.y) * length) / whole };
}

function format({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
