import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type GrubDefaultsEdit, editGrubDefaults } from "../../provider/src/model/boot/grub-defaults";
import { evaluateGrubDefaults } from "../../provider/src/model/boot/grub-variables";
import { restoreLine } from "../../provider/src/model/boot/line-change";
import { parseCommandLine } from "../../provider/src/model/kernel/command-line";

const D = "GRUB_CMDLINE_LINUX_DEFAULT";
const L = "GRUB_CMDLINE_LINUX";
const OWN = "# pulumi-passthrough: arguments added to the value above; taken out again on delete.\n";

function edit(text: string, present: readonly string[], absent: readonly string[] = []): GrubDefaultsEdit {
  const result = editGrubDefaults(text, { present, absent });
  if ("refused" in result) throw new Error(result.refused);
  return result;
}

function refusal(text: string, present: readonly string[], absent: readonly string[] = []): string {
  const result = editGrubDefaults(text, { present, absent });
  return "refused" in result ? result.refused : "not refused";
}

const ON = ["intel_iommu=on"];

describe("editGrubDefaults, in place", () => {
  it.each([
    ["double quotes", `${D}="quiet"\n`, `${D}="quiet intel_iommu=on"\n`],
    ["single quotes", `${D}='quiet'\n`, `${D}='quiet intel_iommu=on'\n`],
    ["no quotes", `${D}=quiet\n`, `${D}=quiet\\ intel_iommu=on\n`],
    ["an empty value", `${D}=""\n`, `${D}="intel_iommu=on"\n`],
    ["nothing at all", `${D}=\n`, `${D}=intel_iommu=on\n`],
    ["a trailing blank", `${D}="quiet "\n`, `${D}="quiet  intel_iommu=on"\n`],
    ["no final newline", `${D}="quiet"`, `${D}="quiet intel_iommu=on"`],
    ["DOS line ends", `${D}="quiet"\r\nX=1\r\n`, `${D}="quiet intel_iommu=on"\r\nX=1\r\n`],
    ["DOS line ends without quotes", `${D}=quiet\r\n`, `${D}=quiet\\ intel_iommu=on\r\n`],
    ["a bare DOS line", `${D}=\r\n`, `${D}=intel_iommu=on\r\n`],
    ["export", `export ${D}="quiet"\n`, `export ${D}="quiet intel_iommu=on"\n`],
    ["a comment with quotes", `  ${D}="quiet" # "x" y"\n`, `  ${D}="quiet intel_iommu=on" # "x" y"\n`],
    ["escaped quotes", `${D}="a=\\"!W 7\\""\n`, `${D}="a=\\"!W 7\\" intel_iommu=on"\n`],
    ["joined quotes", `${D}="quiet"' splash'\n`, `${D}="quiet"' splash intel_iommu=on'\n`],
    ["an expansion", `${D}="quiet $X \${Y}"\n`, `${D}="quiet $X \${Y} intel_iommu=on"\n`],
    ["a command", `${D}="$(cat "/x y") quiet"\n`, `${D}="$(cat "/x y") quiet intel_iommu=on"\n`],
    ["a bare expansion", `${D}=$X\n`, `${D}=$X\\ intel_iommu=on\n`],
    ["two on one line", `A=1; ${D}="q"; B=2\n`, `A=1; ${D}="q intel_iommu=on"; B=2\n`],
    ["continued lines", `${D}="a \\\n b \\\nc"\n`, `${D}="a \\\n b \\\nc intel_iommu=on"\n`],
    ["a quote on its own line", `${D}="\\\na \\\n"\n`, `${D}="\\\na \\\n intel_iommu=on"\n`],
    ["the last of two", `${D}="a"\n${D}="b"\n`, `${D}="a"\n${D}="b intel_iommu=on"\n`],
    ["a value that others build on", `${D}="a"\n${D}="$${D} b"\n`, `${D}="a intel_iommu=on"\n${D}="$${D} b"\n`],
    ["only a self reference", `${L}="\${${L}} a"\n`, `${L}="\${${L}} a intel_iommu=on"\n`],
    ["the append of bash", `${D}="a"\n${D}+=" b"\n`, `${D}="a intel_iommu=on"\n${D}+=" b"\n`],
    [
      "code around it",
      `if [ -f /x ]; then\n  X=1\nfi\n${D}="a"\n`,
      `if [ -f /x ]; then\n  X=1\nfi\n${D}="a intel_iommu=on"\n`,
    ],
    ["a commented one", `#${D}="x"\n${D}="a"\n`, `#${D}="x"\n${D}="a intel_iommu=on"\n`],
    ["a group", `{ ${D}="a"; }\n`, `{ ${D}="a intel_iommu=on"; }\n`],
    ["the words of init", `${D}="a -- b"\n`, `${D}="a intel_iommu=on -- b"\n`],
    [
      "code that adds to it",
      `${D}="a"\n[ -f /x ] && ${D}="$${D} b"\n`,
      `${D}="a intel_iommu=on"\n[ -f /x ] && ${D}="$${D} b"\n`,
    ],
    ["a file that is sourced", `${D}="a"\n. /etc/default/more\n`, `${D}="a intel_iommu=on"\n. /etc/default/more\n`],
    ["a subshell", `${D}="a"\n(${D}=b)\n`, `${D}="a intel_iommu=on"\n(${D}=b)\n`],
  ])("edits %s and takes it back", (_, before, after) => {
    const result = edit(before, ON);

    expect(result).toMatchObject({ text: after, form: "edited" });
    expect(edit(after, ON)).toEqual({ text: after, variable: result.variable, form: "unchanged" });
    expect(edit(after, [], ON).text).toBe(before);
  });

  it.each([
    ["exchanges in place", `${D}="a iommu=soft b"\n`, ["iommu=pt"], [], `${D}="a iommu=pt b"\n`],
    ["drops other values of the key", `${D}="iommu=off iommu=soft"\n`, ["iommu=pt"], [], `${D}="iommu=pt"\n`],
    ["takes out the first", `${D}="a b c"\n`, [], ["a"], `${D}="b c"\n`],
    ["takes out the middle", `${D}="a b c"\n`, [], ["b"], `${D}="a c"\n`],
    ["takes out all", `${D}="a b c"\n`, [], ["c", "a", "b"], `${D}=""\n`],
    ["takes out without quotes", `${D}=a\\ b\n`, [], ["a"], `${D}=b\n`],
    ["takes out of a line between", `${D}="a \\\nb \\\nc"\n`, [], ["b"], `${D}="a \\\n\\\nc"\n`],
    ["keeps a touched line alone", `${D}="iommu=off \\\nb"\n`, ["iommu=pt", "x"], [], `${D}="iommu=pt x \\\nb"\n`],
    [
      "leaves old values on other lines",
      `${D}="iommu=a \\\niommu=b"\n`,
      ["iommu=pt"],
      [],
      `${D}="iommu=a \\\niommu=pt"\n`,
    ],
    ["takes out of both variables", `${L}="a b"\n${D}="b c"\n`, [], ["b"], `${L}="a"\n${D}="c"\n`],
    ["takes out of shell code", `if :; then ${D}="a b"; fi\n`, [], ["b"], `if :; then ${D}="a"; fi\n`],
    ["takes out of a value that code may drop", `${D}="a b"\n: || ${D}=c\n`, [], ["b"], `${D}="a"\n: || ${D}=c\n`],
    ["leaves a half-quoted word's quotes", `${D}="a b"'c d'\n`, [], ["bc"], `${D}="a"' d'\n`],
  ])("%s", (_, before, present, absent, after) => {
    expect(edit(before, present, absent).text).toBe(after);
  });

  it("leaves TuneD's line alone", () => {
    const tuned = `${D}="\${${D}:+$${D} }\\$tuned_params"\n`;

    expect(edit(`${D}="quiet"\n${tuned}`, ON).text).toBe(`${D}="quiet intel_iommu=on"\n${tuned}`);
    expect(edit(`${L}="rhgb"\n${tuned}`, ON)).toMatchObject({
      variable: L,
      text: `${L}="rhgb intel_iommu=on"\n${tuned}`,
    });
    expect(edit(tuned, ON).text).toBe(`${tuned}${OWN}${D}="$${D} intel_iommu=on"\n`);
  });

  it("says which line it replaced, so that it can be put back with what the words displaced", () => {
    const before = `A=1\n${D}="iommu=off a iommu=soft"\nB=2\n`;
    const result = edit(before, ["iommu=pt"]);

    expect(result.replacedLine).toEqual({
      before: `${D}="iommu=off a iommu=soft"\n`,
      after: `${D}="a iommu=pt"\n`,
    });
    expect(restoreLine(`C=3\n${result.text}`, result.replacedLine ?? { before: "", after: "" })).toBe(`C=3\n${before}`);
  });
});

describe("editGrubDefaults, choice of the variable", () => {
  it.each([
    ["the value stands in DEFAULT", `${L}="a"\n${D}="iommu=off"\n`, D],
    ["the value stands in LINUX", `${L}="iommu=off"\n${D}="a"\n`, L],
    ["both are there", `${L}=""\n${D}=""\n`, D],
    ["only LINUX is there", `${L}="a"\n`, L],
    ["neither is there", `GRUB_TIMEOUT=5\n`, D],
    ["DEFAULT is a comment", `#${D}="a"\n${L}="a"\n`, L],
    ["LINUX hands words to init", `${L}="a -- b"\n${D}="c"\n`, L],
    ["LINUX's value is overruled", `${L}="iommu=off"\n${D}="iommu=soft"\n`, D],
  ])("%s", (_, text, variable) => {
    expect(edit(text, ["iommu=pt"]).variable).toBe(variable);
  });

  it("writes nothing when the word is in the other variable", () => {
    expect(edit(`${L}="iommu=pt"\n${D}="a"\n`, ["iommu=pt"]).form).toBe("unchanged");
  });
});

describe("editGrubDefaults, lines of its own", () => {
  it.each([
    ["nothing is set", `GRUB_TIMEOUT=5\n`],
    ["the file is empty", ``],
    ["there is no final newline", `GRUB_TIMEOUT=5`],
    ["the file ends in a comment", `# end`],
    ["code decides", `if [ -f /x ]; then ${D}="a"; else ${D}="b"; fi\n`],
    ["code comes last", `${D}="a"\n[ -f /x ] && ${D}="b"\n`],
    ["a function sets it", `f() { ${D}=$1; }\nf a\n`],
    ["another variable is made of it", `${D}="a"\nGRUB_XEN="$${D}"\n`],
    ["eval comes last", `${D}="a"\neval "$X"\n`],
    ["a loop may set it", `for ${D} in a b; do :; done\n`],
    ["it was unset", `${D}="a"\nunset ${D}\n`],
  ])("are added when %s, and taken back", (_, before) => {
    const result = edit(before, ON);

    expect(result.form).toBe("appended");
    expect(result.text).toContain(`${OWN}${D}="$${D} intel_iommu=on"`);
    expect(edit(result.text, ON).text).toBe(result.text);
    expect(edit(result.text, [], ON).text).toBe(before);
  });

  it("take further words and lose them one by one", () => {
    const one = edit("GRUB_TIMEOUT=5\n", ON).text;
    const two = edit(one, ["iommu=pt"]).text;

    expect(two).toBe(`GRUB_TIMEOUT=5\n${OWN}${D}="$${D} intel_iommu=on iommu=pt"\n`);
    expect(edit(two, [], ON).text).toBe(`GRUB_TIMEOUT=5\n${OWN}${D}="$${D} iommu=pt"\n`);
    expect(edit(edit(two, [], ON).text, [], ["iommu=pt"]).text).toBe("GRUB_TIMEOUT=5\n");
  });

  it("are not taken for a user's line of the same kind", () => {
    expect(edit(`${D}="$${D} iommu=pt"\n`, [], ["iommu=pt"]).text).toBe(`${D}="$${D}"\n`);
  });
});

describe("editGrubDefaults, refusals", () => {
  it.each([
    [
      "an open quote",
      `A=1\n${D}="quiet\n`,
      ON,
      [],
      'line 2 cannot be read as shell text: what opens here is never closed by "',
    ],
    ["half an if", `if true; then\n${D}="a"\n`, ON, [], "cannot be read as shell text: elif or else or fi is missing"],
    [
      "a here-document",
      `cat <<E\nx\nE\n`,
      ON,
      [],
      "line 1 cannot be read as shell text: here-documents are not understood",
    ],
    ["DOS code", `if true; then\r\nA=1\r\nfi\r\n`, ON, [], "the file has DOS line ends"],
    [
      "a value without its quotes",
      `${D}=quiet splash\n`,
      ON,
      [],
      `line 1 does not set ${D}: sh runs "splash" as a command`,
    ],
    ["blanks around =", `${D} = "quiet"\n`, ON, [], `line 1 does not set ${D}`],
    ["a word of another variable", `X="a b"\n${D}="$X"\n`, [], ["b"], "b stands in X at line 1"],
    [
      "an end before the end",
      `${D}="a"\n[ -f /x ] && ${D}=b\nexit\n`,
      ON,
      [],
      `shell code in this file decides the value of ${D}. Change it by hand: put in intel_iommu=on.`,
    ],
    ["a word that a function is given", `f() { ${D}="$${D} $1"; }\nf a=1\n`, [], ["a=1"], "a=1 stands at line 2"],
    ["a kernel quote that stays open", `${D}='a="b c'\n`, ON, [], "Change it by hand: put in intel_iommu=on."],
  ])("name the cause: %s", (_, text, present, absent, message) => {
    expect(refusal(text, present, absent)).toContain(message);
  });
});

const plainWord = fc.stringMatching(/^[a-z][a-z0-9_.]{0,6}(=[a-z0-9,:/-]{1,6})?$/);
const value = fc.array(plainWord, { maxLength: 5 });
const quoting = fc.constantFrom<(words: string[]) => string>(
  (words) => `"${words.join(" ")}"`,
  (words) => `'${words.join("  ")}'`,
  (words) => words.join("\\ "),
  (words) => `"${words.join(" \\\n  ")}"  # was "x`,
  (words) => `"${words.join("\t")} "`,
);
const line = fc.oneof(
  fc.tuple(fc.constantFrom(L, D), quoting, value).map(([name, quote, words]) => `${name}=${quote(words)}`),
  fc.constantFrom("GRUB_TIMEOUT=5", "# comment's", "", 'GRUB_X=`echo "a b" || echo c`', `export GRUB_Y='it is'`),
);
const file = fc
  .tuple(fc.array(line, { maxLength: 6 }), fc.constantFrom("", "\n", "\n\n"))
  .map(([lines, end]) => lines.join("\n") + end);
const asked = fc.subarray(["intel_iommu=on", "iommu=pt", "console=ttyS1,115200n8"], { minLength: 1 });

function wordsOf(text: string): string[] {
  const { GRUB_CMDLINE_LINUX = "", GRUB_CMDLINE_LINUX_DEFAULT = "" } = evaluateGrubDefaults([{ path: "", text }]);
  return parseCommandLine(`${GRUB_CMDLINE_LINUX} ${GRUB_CMDLINE_LINUX_DEFAULT}`);
}

describe("editGrubDefaults on any simple file", () => {
  it("is undone by the reverse edit, byte for byte, and by putting the line back", () => {
    fc.assert(
      fc.property(file, asked, (before, present) => {
        const { text, replacedLine } = edit(before, present);

        expect(edit(text, [], present).text).toBe(before);
        expect(restoreLine(text, replacedLine ?? { before: "", after: "" }) ?? before).toBe(before);
      }),
    );
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(file, asked, (before, present) => {
        const { text } = edit(before, present);

        expect(edit(text, present)).toMatchObject({ text, form: "unchanged" });
      }),
    );
  });

  it("puts in what is asked, once, and keeps foreign words in their order", () => {
    fc.assert(
      fc.property(file, asked, (before, present) => {
        const after = wordsOf(edit(before, present).text);

        expect(after.filter((item) => present.includes(item)).sort()).toEqual([...present].sort());
        expect(after.filter((item) => !present.includes(item))).toEqual(wordsOf(before));
      }),
    );
  });

  it("replaces one line at most", () => {
    fc.assert(
      fc.property(file, asked, (before, present) => {
        const lines = new Set(edit(before, present).text.split("\n"));
        const lost = before.split("\n").filter((item) => !lines.has(item));

        expect(new Set(lost).size).toBeLessThanOrEqual(1);
      }),
    );
  });
});
