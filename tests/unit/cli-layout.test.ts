import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { hang, layOut, wrap } from "../../provider/src/cli/layout";
import { layOutXml } from "../../provider/src/cli/plan-text";
import { allowsColour, choosePaint, makePrintable, widthOf } from "../../provider/src/cli/terminal";

describe("lines", () => {
  it("are as wide as they may be, and hold every word in its order", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 30 });

    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 40 }), (all, width) => {
        const lines = wrap(all.join(" "), width);
        expect(lines.join(" ")).toBe(all.join(" "));
        expect(lines.every((line) => line.length <= width)).toBe(true);
      }),
    );
  });

  it("stand under the first one behind a mark", () => {
    expect(hang("  - ", "one two three four five six", 24)).toEqual(["  - one two three four", "    five six"]);
  });

  it("of a table stand in columns, whatever their colours", () => {
    const paint = choosePaint(true);
    const rows = [
      ["a", "1"],
      [paint.bad("bbb"), "2"],
    ];

    expect(layOut(rows, 60)).toEqual(["a    1", `${paint.bad("bbb")}  2`]);
    expect(widthOf(paint.bad("bbb"))).toBe(3);
  });

  it("of XML stand as in libvirt's own", () => {
    expect(layOutXml("<hostdev managed='yes'><source><address bus='0x01'/></source></hostdev>")).toEqual([
      "<hostdev managed='yes'>",
      "  <source>",
      "    <address bus='0x01'/>",
      "  </source>",
      "</hostdev>",
    ]);
  });
});

describe("colours", () => {
  it.each<[env: Record<string, string>, isTerminal: boolean, expected: boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ TERM: "dumb" }, true, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, true, false],
    [{ CI: "true" }, false, false],
  ])("with %j on a terminal (%j) are used: %j", (env, isTerminal, expected) => {
    expect(allowsColour(env, isTerminal)).toBe(expected);
  });
});

describe("texts of a host", () => {
  it("cannot steer the terminal", () => {
    const said = { names: ["plain", "\u001b]0;title\u0007", "a\rb", "\u009b31m"], count: 1 };

    expect(makePrintable(said)).toEqual({ names: ["plain", "?]0;title?", "a?b", "?31m"], count: 1 });
  });
});
