import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { quoteWord, quoteWords } from "../../provider/src/host/quote";

describe("quoteWord", () => {
  it.each([
    ["plain", "plain"],
    ["/etc/default/grub", "/etc/default/grub"],
    ["", "''"],
    ["two words", "'two words'"],
    ["it's", `'it'\\''s'`],
    ["$(reboot)", "'$(reboot)'"],
  ])("writes %j as %s", (word, quoted) => {
    expect(quoteWord(word)).toBe(quoted);
  });

  it("refuses a NUL byte, which no command line can carry", () => {
    expect(() => quoteWord("a\0b")).toThrow(RangeError);
  });

  it("gives every shell the same words back", () => {
    const word = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const printed = spawnSync("/bin/sh", ["-c", `printf '%s\\0' ${quoteWords(words)}`]).stdout.toString("utf8");
        expect(printed.split("\0").slice(0, -1)).toEqual(
          words.map((text) => Buffer.from(text, "utf8").toString("utf8")),
        );
      }),
      { numRuns: 60 },
    );
  });
});
