import { arrange, measureAll, type Placed } from "./arrange";
import { readGroup, type Item } from "./tree";

/** What a column may measure before it is divided, in CSS pixels: about a screen. */
const HEIGHT = 640;
const MOST = 3;

/** Arranges what is on a bus in as many columns as it takes, of about the same height; no group is torn apart. */
export function splitIntoColumns(items: readonly Item[], framed: ReadonlySet<number>): Placed[][] {
  const { height } = measureAll(arrange(items, framed));
  const number = Math.min(MOST, Math.ceil(height / HEIGHT));
  return divide(items, framed, height / number).map((column) => arrange(column, framed));
}

function divide(items: readonly Item[], framed: ReadonlySet<number>, height: number): Item[][] {
  const columns: Item[][] = [];
  let filled = 0;
  for (const run of listRuns(items)) {
    const own = measureAll(arrange(run, framed)).height;
    const column = columns.at(-1);
    // Half of it may stand out, so that the columns come out even.
    if (column === undefined || filled + own / 2 > height * columns.length) columns.push([...run]);
    else column.push(...run);
    filled += own;
  }
  return columns;
}

/** What has to stay together: members of a group, and virtual functions with their physical one. */
function listRuns(items: readonly Item[]): Item[][] {
  const runs: Item[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    const isSame = before !== undefined && readGroup(item) >= 0 && readGroup(item) === readGroup(before);
    const isVirtual = item.kind === "stack" && item.devices.some(({ physicalFunction }) => physicalFunction !== "");
    if (run !== undefined && (isSame || isVirtual)) run.push(item);
    else runs.push([item]);
  }
  return runs;
}
