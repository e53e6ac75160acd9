import { describe, expect, it } from "@jest/globals";
import { extendUndo, settleUndo, type FileUndo } from "../../provider/src/model/boot/loaders/loader";

const PATH = "/etc/default/grub";
const [A, B, C] = ["quiet\n", "quiet iommu=pt\n", "quiet iommu=pt hugepages=8\n"];

function undo(before: string, after: string): FileUndo {
  return { path: PATH, before, after };
}

describe("what there is to put back", () => {
  it.each([
    { what: "the first change", noted: [], change: undo(A, B), then: [undo(A, B)] },
    { what: "no change", noted: [undo(A, B)], change: undefined, then: [undo(A, B)] },
    { what: "a change of changed lines", noted: [undo(A, B)], change: undo(B, C), then: [undo(A, C)] },
    { what: "a change back", noted: [undo(A, B)], change: undo(B, A), then: [] },
    { what: "a change that was noted and not made", noted: [undo(A, B)], change: undo(A, B), then: [undo(A, B)] },
    { what: "another than the one that was noted", noted: [undo(A, B)], change: undo(A, C), then: [undo(A, C)] },
    { what: "a line that was noted and not added", noted: [undo("", B)], change: undo("", B), then: [undo("", B)] },
    { what: "another line to add", noted: [undo("", B)], change: undo("", C), then: [undo("", C)] },
    {
      what: "a change of changed lines that was noted and not made",
      noted: [undo(A, B), undo(A, C)],
      change: undo(B, C),
      then: [undo(A, C)],
    },
    {
      what: "lines elsewhere",
      noted: [undo("x\n", "y\n")],
      change: undo(A, B),
      then: [undo("x\n", "y\n"), undo(A, B)],
    },
  ])("after $what", ({ noted, change, then }) => {
    expect(extendUndo(noted, PATH, change)).toEqual(then);
  });

  it.each([
    { what: "the change was made", text: B, noted: [undo(A, B)], then: [undo(A, B)] },
    { what: "it was not", text: A, noted: [undo(A, B)], then: [undo(A, B)] },
    { what: "the second of two was not made", text: B, noted: [undo(A, B), undo(A, C)], then: [undo(A, B)] },
    { what: "the second of two was made", text: C, noted: [undo(A, B), undo(A, C)], then: [undo(A, C)] },
    { what: "someone else has changed the lines", text: "z\n", noted: [undo(A, B), undo(A, C)], then: "all" },
    { what: "the file is gone", text: undefined, noted: [undo(A, B), undo(A, C)], then: "all" },
    { what: "a line that was added has changed", text: C, noted: [undo("", B), undo("", C)], then: [undo("", C)] },
  ])("where $what", ({ text, noted, then }) => {
    const files = text === undefined ? [] : [{ path: PATH, sha256: "", text }];

    expect(settleUndo(noted, { files })).toEqual(then === "all" ? noted : then);
  });

  it("looks for a variable of GRUB's environment block among the block's variables", () => {
    const path = "/boot/grub2/grubenv";
    const [before, made, planned] = ["kernelopts=quiet\n", "kernelopts=quiet a\n", "kernelopts=quiet b\n"];
    const noted = [
      { path, before, after: made },
      { path, before, after: planned },
    ];
    const text = `# GRUB Environment Block\nsaved_entry=0\n${made}${"#".repeat(40)}`;

    expect(settleUndo(noted, { files: [], grubEnvironmentBlock: { path, text } })).toEqual([noted[0]]);
  });
});
