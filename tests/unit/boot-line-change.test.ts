import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { compareLines, restoreLine } from "../../provider/src/model/boot/line-change";

describe("compareLines", () => {
  it.each([
    ["a line in the middle", "a\nb\nc\n", "a\nx\nc\n", { before: "b\n", after: "x\n" }],
    ["a new line at the end", "a\n", "a\nb\n", { before: "", after: "b\n" }],
    ["a new line behind an open one", "a", "a\nb", { before: "a", after: "a\nb" }],
    ["a line that is gone", "a\nb\n", "a\n", { before: "b\n", after: "" }],
    ["an empty file", "", "a\n", { before: "", after: "a\n" }],
    ["a doubled line", "a\na\n", "a\na\na\n", { before: "", after: "a\n" }],
  ])("finds %s", (_, before, after, expected) => {
    expect(compareLines(before, after)).toEqual(expected);
  });

  it("finds nothing in equal texts", () => {
    expect(compareLines("a\n", "a\n")).toBeUndefined();
  });
});

describe("restoreLine", () => {
  it.each([
    ["puts a line back among new ones", "0\nx\n1\n", { before: "b\n", after: "x\n" }, "0\nb\n1\n"],
    ["takes an added block out", "a\nx\ny\nb\n", { before: "", after: "x\ny\n" }, "a\nb\n"],
    ["copes with a newline that came later", "a\nb\n", { before: "a", after: "a\nb" }, "a\n"],
    ["gives up on a changed line", "x y\n", { before: "b\n", after: "x\n" }, undefined],
    ["gives up on a part of a line", "0x\n", { before: "b\n", after: "x\n" }, undefined],
    ["gives up on a longer line", "x0\n", { before: "b", after: "x" }, undefined],
    ["gives up when it stands there twice", "x\nx\n", { before: "b\n", after: "x\n" }, undefined],
    ["gives up on lines that were taken out", "a\n", { before: "b\n", after: "" }, undefined],
  ])("%s", (_, text, change, expected) => {
    expect(restoreLine(text, change)).toBe(expected);
  });

  it("undoes a comparison wherever the new lines are unmistakable", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 5 }).map((list) => list.join("\n"));
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const change = compareLines(before, after);
        const restored = change === undefined ? before : restoreLine(after, change);

        expect(restored ?? before).toBe(before);
      }),
    );
  });
});
