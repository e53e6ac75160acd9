import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { drawHost } from "../../provider/src/page/draw";
import { outline } from "../../provider/src/page/lines";
import type { Box, ColumnPicture } from "../../provider/src/page/picture";
import { desktop, inactive, largeServer } from "../page/hosts";
import { SurveyBuilder } from "../page/survey-builder";
import type { HostSurvey } from "../../provider/src/model/survey/survey";

const CLASSES = ["060400", "060400", "020000", "030000", "088000", "060000"];

/** Hosts as no firmware makes them: any function below any other, also in a loop, any group anywhere. */
const anySurvey = fc
  .array(
    fc.record({
      className: fc.constantFrom(...CLASSES),
      parent: fc.option(fc.nat(30), { nil: undefined }),
      group: fc.integer({ min: -1, max: 6 }),
      physical: fc.option(fc.nat(30), { nil: undefined, freq: 4 }),
    }),
    { maxLength: 30 },
  )
  .map((functions) => {
    const builder = new SurveyBuilder();
    functions.forEach(({ className, parent, group, physical }, i) => {
      const options = { parent: nameSlot(parent), group, physicalFunction: nameSlot(physical) };
      builder.add(`00:${hex(i)}.0`, className, "8086:1533", "", options);
    });
    return builder.build();
  });

const REAL: [string, HostSurvey][] = [
  ["a workstation", desktop()],
  ["a large server", largeServer()],
  ["a host without groups", inactive()],
];

describe("the picture of any host", () => {
  it("holds every function exactly once", () => {
    fc.assert(
      fc.property(anySurvey, (survey) => {
        expect(listDrawn(survey)).toEqual(listAll(survey));
      }),
    );
  });

  it("has every function behind its parent", () => {
    fc.assert(
      fc.property(anySurvey, (survey) => {
        for (const { nodes } of listColumns(survey)) {
          nodes.forEach(({ parent, level }, i) => {
            const above = nodes.slice(0, i).findLast((node) => node.level < level);
            expect(parent).toBe(above?.address ?? "");
          });
        }
      }),
    );
  });

  it("has no function upon another, and none outside", () => {
    fc.assert(
      fc.property(anySurvey, (survey) => {
        expect(listColumns(survey).flatMap(listCollisions)).toEqual([]);
      }),
    );
  });

  it("has frames around the members of a group, and around nobody else", () => {
    fc.assert(
      fc.property(anySurvey, (survey) => {
        expect(listColumns(survey).flatMap(listMisframed)).toEqual([]);
      }),
    );
  });
});

describe.each(REAL)("the picture of %s", (_, survey) => {
  it("keeps the same rules", () => {
    expect(listDrawn(survey)).toEqual(listAll(survey));
    expect(listColumns(survey).flatMap(listCollisions)).toEqual([]);
    expect(listColumns(survey).flatMap(listMisframed)).toEqual([]);
  });
});

describe("places", () => {
  const nodes = new Map(
    listColumns(largeServer())
      .flatMap((column) => column.nodes)
      .map((node) => [node.address, node]),
  );

  it.each([
    ["0000:30:02.0", "port", "root port", 2, ""],
    ["0000:31:00.0", "port", "switch", 3, "0000:30:02.0"],
    ["0000:32:04.0", "port", "switch port", 4, "0000:31:00.0"],
    ["0000:34:00.0", "row", "", 5, "0000:32:04.0"],
    ["0000:02:00.0", "port", "bridge", 3, "0000:00:1c.0"],
    ["0000:17:01.3", "cell", "", 4, "0000:17:00.0"],
    ["0000:7e:04.1", "cell", "", 2, ""],
    ["0000:64:07.0", "cell", "", 2, ""],
  ])("%s is a %s (%s) of level %d below %s", (address, kind, role, level, parent) => {
    expect(nodes.get(address)).toMatchObject({ kind, role, level, parent });
  });

  it("of a bridge is on the line of the first thing behind it", () => {
    const [low, port, row] = ["0000:4a:02.0", "0000:97:02.0", "0000:98:00.0"].map((address) => nodes.get(address));

    expect(low).toMatchObject({ y: 12, height: 40 });
    expect(port).toMatchObject({ y: 12, height: 40 });
    expect(row).toMatchObject({ y: 10, height: 44 });
  });
});

describe("an outline", () => {
  it("is as wide as what it holds at each height", () => {
    const port = { x: 30, y: 0, width: 80, height: 40 };
    const row = { x: 30, y: 60, width: 200, height: 40 };

    expect(outline(0, [port, row])).toBe(
      "M7 100Q0 100 0 93L0 7Q0 0 7 0L103 0Q110 0 110 7L110 53Q110 60 117 60L223 60Q230 60 230 67L230 93Q230 100 223 100Z",
    );
  });
});

function listColumns(survey: HostSurvey): ColumnPicture[] {
  return drawHost(survey).buses.flatMap(({ columns }) => columns);
}

function listDrawn(survey: HostSurvey): string[] {
  const nodes = listColumns(survey).flatMap((column) => column.nodes);
  return nodes.map(({ address }) => address).sort();
}

function listAll({ devices }: HostSurvey): string[] {
  return devices.map(({ address }) => address).sort();
}

function listCollisions({ nodes, width, height }: ColumnPicture): string[] {
  const out = nodes.filter((box) => box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height);
  const upon = nodes.filter((box, i) => nodes.slice(0, i).some((other) => isUpon(box, other)));
  return [...out, ...upon].map(({ address }) => address);
}

function isUpon(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function listMisframed({ frames, nodes }: ColumnPicture): string[] {
  return frames.flatMap(({ outline: path, members }) => {
    const corners = [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
    const wrong = nodes.filter((node) => isInside(node, corners) !== members.includes(node.address));
    return wrong.map(({ address }) => `${address} and the frame of ${members.join(" ")}`);
  });
}

/** Whether the middle of a box is inside a polygon: a ray to the right crosses it an odd number of times. */
function isInside(box: Box, corners: readonly { x: number; y: number }[]): boolean {
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2 + 0.123;
  const crossings = corners.filter((a, i) => {
    const b = corners[(i + 1) % corners.length] ?? a;
    return a.y > y !== b.y > y && x < a.x + ((b.x - a.x) * (y - a.y)) / (b.y - a.y);
  });
  return crossings.length % 2 === 1;
}

function nameSlot(slot: number | undefined): string {
  return slot === undefined ? "" : `0000:00:${hex(slot)}.0`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}
