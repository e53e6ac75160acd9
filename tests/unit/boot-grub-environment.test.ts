import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  editVariable,
  expandWords,
  measureValue,
  parseGrubEnvironment,
  parseVariable,
  renderVariable,
} from "../../provider/src/model/boot/grub-environment";
import { block } from "./boot-tables/facts";

const PATH = "/boot/grub2/grubenv";

function parse(text: string) {
  return parseGrubEnvironment({ path: PATH, text });
}

describe("parseGrubEnvironment", () => {
  it.each([
    ["nothing", [], {}],
    [
      "values and comments",
      ["# kernelopts=no", "a=1", "kernelopts=root=/dev/sda ro"],
      { a: ["1"], kernelopts: ["root=/dev/sda ro"] },
    ],
    ["a value that ends in signs of the padding", ["a=1##"], { a: ["1##"] }],
    ["escapes", ["a=x\\\\y", "b=one\\\ntwo", "c=3"], { a: ["x\\y"], b: ["one\ntwo"], c: ["3"] }],
    ["a name that stands twice", ["a=1", "a=2"], { a: ["1", "2"] }],
  ])("reads %s", (_, lines, values) => {
    const text = block(lines);

    expect(parse(text)).toEqual({ values: new Map(Object.entries(values)), freeBytes: /#*$/.exec(text)?.[0].length });
  });

  it.each([
    ["no signature", "a=1\n######"],
    ["an empty file", ""],
    ["a cut line", "# GRUB Environment Block\na=1"],
  ])("refuses %s", (_, text) => {
    expect(parse(text)).toEqual({ refused: `${PATH} is not an environment block of GRUB` });
  });
});

describe("editVariable", () => {
  it.each([
    ["adds at the end", "ro quiet", { present: ["a=1"], absent: [] }, "ro quiet a=1"],
    ["exchanges in place", "ro iommu=off  quiet", { present: ["iommu=pt"], absent: [] }, "ro iommu=pt  quiet"],
    ["takes out", "ro a=1 quiet", { present: [], absent: ["a=1"] }, "ro quiet"],
    ["takes out the first word", "a=1 ro quiet", { present: [], absent: ["a=1"] }, "ro quiet"],
    ["keeps what goes to init", "ro -- single", { present: ["a=1"], absent: [] }, "ro a=1 -- single"],
  ])("%s", (_, value, edit, after) => {
    expect(editVariable("kernelopts", renderVariable("kernelopts", value), edit)).toMatchObject({
      text: `kernelopts=${after}\n`,
    });
  });

  it("leaves no variable without a word", () => {
    expect(editVariable("k", "k=a\n", { present: [], absent: ["a"] })).toEqual({
      refused: "k would be left without a word",
    });
  });
});

it("measures a value as the block holds it", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", " ", "=", "\\", "\n", "#", "é") }), (value) => {
      const written = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\\n");
      const text = `# GRUB Environment Block\nk=${written}\n`;
      const environment = parse(text);

      expect(measureValue(value)).toBe(Buffer.byteLength(written));
      expect("refused" in environment ? undefined : environment.values.get("k")).toEqual([value]);
    }),
  );
});

it("takes a line apart as it was put together", () => {
  expect(parseVariable("k", renderVariable("k", "a  b "))).toBe("a  b ");
  expect(parseVariable("k", "")).toBeUndefined();
});

it("expands variables as blscfg does: whole names, and nothing for what is not set", () => {
  const words = ["$kernelopts", "$none", "x=$kernelopts", "${kernelopts}", "y"];

  expect(expandWords(words, { kernelopts: "ro  quiet" })).toEqual([
    "ro",
    "quiet",
    "x=$kernelopts",
    "${kernelopts}",
    "y",
  ]);
});
