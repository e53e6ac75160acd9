import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { KernelArgumentWord, isSameArgument, parseCommandLine } from "../../provider/src/model/kernel/command-line";
import { editCommandLine, isSatisfied, planCommandLineEdit } from "../../provider/src/model/kernel/edit";

const word = fc.constantFrom(
  "quiet",
  "ro",
  "iommu=pt",
  "iommu=soft",
  "intel_iommu=on",
  "intel_iommu=off",
  "console=tty0",
);
const words = fc.array(word, { maxLength: 6 });
const edits = fc.record({
  present: fc.uniqueArray(word, { maxLength: 2 }),
  absent: fc.uniqueArray(word, { maxLength: 2 }),
});

describe("editCommandLine", () => {
  it.each([
    ["adds at the end", "ro quiet", "intel_iommu=on iommu=pt", "", "ro quiet intel_iommu=on iommu=pt"],
    ["replaces a single value in place", "ro intel_iommu=off quiet", "intel_iommu=on", "", "ro intel_iommu=on quiet"],
    ["replaces the last and drops others", "iommu=off ro iommu=soft quiet", "iommu=pt", "", "ro iommu=pt quiet"],
    ["keeps other values of a list", "console=tty0", "console=ttyS0", "", "console=tty0 console=ttyS0"],
    ["exchanges in place", "a console=tty0 b", "console=ttyS0", "console=tty0", "a console=ttyS0 b"],
    ["takes out every copy", "quiet a quiet", "", "quiet", "a"],
    ["takes out no other value", "iommu=pt iommu_v2=on", "", "iommu", "iommu=pt iommu_v2=on"],
    ["sees - and _ as one", "vfio_pci.ids=1:2", "vfio-pci.ids=1:2", "", "vfio_pci.ids=1:2"],
    ["lets presence win", "ro", "quiet", "quiet", "ro quiet"],
    ["stays before the words of init", "ro -- single", "quiet", "", "ro quiet -- single"],
    ["leaves the words of init alone", "ro -- quiet", "", "quiet", "ro -- quiet"],
    ["keeps quoted words whole", 'dyndbg="file a +p" ro', "quiet", "ro", 'dyndbg="file a +p" quiet'],
  ])("%s", (_, before, present, absent, after) => {
    expect(
      editCommandLine(parseCommandLine(before), {
        present: parseCommandLine(present),
        absent: parseCommandLine(absent),
      }).join(" "),
    ).toBe(after);
  });

  it("gives back the same list when there is nothing to do", () => {
    const line = ["ro", "iommu=off", "iommu=pt"];

    expect(editCommandLine(line, { present: ["iommu=pt"], absent: ["quiet"] })).toBe(line);
  });

  it("satisfies what it was asked for, and once is enough", () => {
    fc.assert(
      fc.property(words, edits, (line, edit) => {
        const after = editCommandLine(line, edit);
        const isAsked = isSatisfied(after, edit);
        // Two values of one key cannot both be the last.
        const isPossible = edit.present.every(
          (a) => !edit.present.some((b) => a !== b && a.split("=")[0] === b.split("=")[0]),
        );

        expect(isAsked || !isPossible).toBe(true);
        if (isPossible) expect(editCommandLine(after, edit)).toBe(after);
      }),
    );
  });

  it("keeps foreign words in their order", () => {
    fc.assert(
      fc.property(words, edits, (line, edit) => {
        const keys = [...edit.present, ...edit.absent].map((item) => item.split("=")[0]);
        const after = editCommandLine(line, edit);
        const foreign = [line, after].map((list) => list.filter((item) => !keys.includes(item.split("=")[0])));

        expect(foreign[1]).toEqual(foreign[0]);
      }),
    );
  });
});

describe("isSatisfied", () => {
  it.each([
    ["iommu=off iommu=pt", "iommu=pt", "", true],
    ["iommu=pt iommu=off", "iommu=pt", "", false],
    ["console=tty0 console=ttyS0", "console=tty0", "", true],
    ["intel_iommu=on/", "intel_iommu=on", "", false],
    ["xiommu=pt", "iommu=pt", "", false],
    ["ro -- iommu=pt", "iommu=pt", "", false],
    ["ro quiet", "", "quiet", false],
    ["ro vfio_pci.ids=1:2", "", "vfio-pci.ids=1:2", false],
  ])("%s with %s and without %s: %s", (line, present, absent, expected) => {
    expect(
      isSatisfied(parseCommandLine(line), { present: parseCommandLine(present), absent: parseCommandLine(absent) }),
    ).toBe(expected);
  });
});

describe("planCommandLineEdit", () => {
  it("adds behind a word that it may not touch", () => {
    const plan = planCommandLineEdit(["iommu=off", "quiet"], { present: ["iommu=pt"], absent: ["quiet"] }, () => false);

    expect(plan).toEqual({ replaced: new Map(), removed: new Set(), inserted: ["iommu=pt"], insertAt: 2 });
  });
});

describe("isSameArgument", () => {
  it.each([
    ["vfio-pci.ids=a", "vfio_pci.ids=a", true],
    ["quiet", "quiet=", false],
    ["a=b-c", "a=b_c", false],
  ])("%s and %s: %s", (left, right, expected) => {
    expect(isSameArgument(left, right)).toBe(expected);
  });
});

describe("KernelArgumentWord", () => {
  it.each([
    "quiet",
    "intel_iommu=on,sm_on",
    "vfio-pci.ids=10de:1b80,10de:10f0",
    "root=/dev/sda1",
    "8250.nr_uarts=4",
    "a=1%+@^",
  ])("takes %s", (text) => {
    expect(KernelArgumentWord.parse(text)).toBe(text);
  });

  it.each("\" ' \\ $ ` ; & | < > ( ) { } * ? [ ] ! ~ #".split(" "))("names %s", (char) => {
    const [issue] = KernelArgumentWord.safeParse(`a=${char}`).error?.issues ?? [];

    expect(issue?.message).toContain(`may interpret ${JSON.stringify(char)}`);
  });

  it.each([
    ["a b", "give each argument as a word of its own"],
    ["a=ü", 'may interpret "ü"'],
    ["", "must begin with a letter or a digit"],
    ["--", "must begin with a letter or a digit"],
    ["=on", "must begin with a letter or a digit"],
  ])("refuses %j", (text, message) => {
    const [issue] = KernelArgumentWord.safeParse(text).error?.issues ?? [];

    expect(issue?.message).toContain(message);
  });
});
