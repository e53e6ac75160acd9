import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { editBlsEntry, parseBlsEntry } from "../../provider/src/model/boot/bls-entry";
import {
  editKernelCommandLineFile,
  parseKernelCommandLineFile,
} from "../../provider/src/model/boot/kernel-cmdline-file";
import type { TextEdit } from "../../provider/src/model/boot/line-change";

const ON = { present: ["intel_iommu=on"], absent: [] };
const OFF = { present: [], absent: ["intel_iommu=on"] };

function textOf(result: TextEdit): string {
  if ("refused" in result) throw new Error(result.refused);
  return result.text;
}

describe("parseBlsEntry", () => {
  it("reads keys behind blanks and tabs, and adds up options", () => {
    const text =
      "# made by hand\ntitle\tA Linux  (1)\nversion 6.1\n  linux  /vmlinuz\noptions\troot=/dev/sda1 ro\noptions quiet\nid a-1\n";

    expect(parseBlsEntry(text)).toEqual({
      title: "A Linux  (1)",
      id: "a-1",
      version: "6.1",
      kernel: "/vmlinuz",
      words: ["root=/dev/sda1", "ro", "quiet"],
      usesVariables: [],
    });
  });

  it("tells variables of GRUB from words", () => {
    const entry = parseBlsEntry("linux /v\noptions $kernelopts $tuned_params ${x} memmap=1G$2G quiet\n");

    expect(entry.usesVariables).toEqual(["$kernelopts", "$tuned_params", "${x}"]);
  });

  it("knows an entry that starts no kernel", () => {
    expect(parseBlsEntry("title Memtest\nefi /memtest.efi\n").kernel).toBeUndefined();
  });
});

describe("editBlsEntry", () => {
  it.each([
    ["one line", "linux /v\noptions ro quiet\n", "linux /v\noptions ro quiet intel_iommu=on\n"],
    ["a tab", "linux /v\noptions\tro\n", "linux /v\noptions\tro intel_iommu=on\n"],
    ["a trailing blank", "linux /v\noptions ro \n", "linux /v\noptions ro  intel_iommu=on\n"],
    ["no final newline", "linux /v\noptions ro", "linux /v\noptions ro intel_iommu=on"],
    ["DOS line ends", "linux /v\r\noptions ro\r\nid x\r\n", "linux /v\r\noptions ro intel_iommu=on\r\nid x\r\n"],
    [
      "several lines",
      "options a\nlinux /v\noptions b\nid x\n",
      "options a\nlinux /v\noptions b intel_iommu=on\nid x\n",
    ],
    ["only $kernelopts", "linux /v\noptions $kernelopts\n", "linux /v\noptions $kernelopts intel_iommu=on\n"],
    ["no options", "linux /v\nid x\n", "linux /v\nid x\noptions intel_iommu=on\n"],
    ["no options, no newline", "linux /v", "linux /v\noptions intel_iommu=on"],
    ["empty options", "linux /v\noptions \n", "linux /v\noptions \noptions intel_iommu=on\n"],
  ])("adds to %s and takes it back", (_, before, after) => {
    expect(textOf(editBlsEntry(before, ON))).toBe(after);
    expect(editBlsEntry(after, ON)).toEqual({ text: after });
    expect(textOf(editBlsEntry(after, OFF))).toBe(before);
  });

  it.each([
    [
      "exchanges a value on its own line",
      "linux /v\noptions iommu=off\noptions b\n",
      "linux /v\noptions iommu=pt\noptions b\n",
      ["iommu=pt"],
      [],
    ],
    ["drops a line that is left without words", "linux /v\noptions a\noptions b\n", "linux /v\noptions b\n", [], ["a"]],
    ["leaves words of other keys", "linux /v b\ntitle b\noptions b c\n", "linux /v b\ntitle b\noptions c\n", [], ["b"]],
  ])("%s", (_, before, after, present, absent) => {
    expect(textOf(editBlsEntry(before, { present, absent }))).toBe(after);
  });

  it("refuses an entry that starts no kernel", () => {
    expect(editBlsEntry("title Memtest\nefi /m.efi\n", ON)).toEqual({
      refused: 'the boot entry "Memtest" does not start a Linux kernel',
    });
  });
});

describe("editKernelCommandLineFile", () => {
  it.each([
    ["one line", "ro quiet\n", "ro quiet intel_iommu=on\n"],
    ["no final newline", "ro", "ro intel_iommu=on"],
    ["a word a line", "ro\nquiet\n\n# end\n", "ro\nquiet intel_iommu=on\n\n# end\n"],
    ["only comments", "# quiet\n", "# quiet\nintel_iommu=on\n"],
    ["an open comment", "# quiet", "# quiet\nintel_iommu=on"],
    ["an empty file", "", "intel_iommu=on\n"],
    ["a blank line", "\n", "\nintel_iommu=on\n"],
    ["DOS line ends", "ro\r\n", "ro intel_iommu=on\r\n"],
  ])("adds to %s and takes it back", (_, before, after) => {
    expect(textOf(editKernelCommandLineFile(before, ON))).toBe(after);
    expect(editKernelCommandLineFile(after, ON)).toEqual({ text: after });
    expect(textOf(editKernelCommandLineFile(after, OFF))).toBe(before);
  });

  it("does not read comments", () => {
    expect(parseKernelCommandLineFile("a b\n # c\n#d\ne\n")).toEqual(["a", "b", "e"]);
  });

  it("drops a line that is left without words", () => {
    const edit = { present: ["iommu=pt"], absent: ["quiet"] };

    expect(textOf(editKernelCommandLineFile("ro\nquiet\niommu=off\n", edit))).toBe("ro\niommu=pt\n");
  });

  it("is undone by the reverse edit on any file", () => {
    const line = fc.constantFrom("ro", "root=/dev/sda1 ro", " quiet ", "", "# intel_iommu=on", 'a="b c" d', "\tx");
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), fc.constantFrom("", "\n"), (lines, end) => {
        const before = lines.join("\n") + end;
        const after = textOf(editKernelCommandLineFile(before, ON));

        expect(parseKernelCommandLineFile(after)).toEqual([...parseKernelCommandLineFile(before), "intel_iommu=on"]);
        expect(textOf(editKernelCommandLineFile(after, OFF))).toBe(before);
      }),
    );
  });
});
