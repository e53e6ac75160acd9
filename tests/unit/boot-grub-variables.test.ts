import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { evaluateGrubDefaults, findOverride } from "../../provider/src/model/boot/grub-variables";

const D = "GRUB_CMDLINE_LINUX_DEFAULT";
const L = "GRUB_CMDLINE_LINUX";

function files(...texts: string[]): { path: string; text: string }[] {
  return texts.map((text, index) => ({ path: index === 0 ? "grub" : `grub.d/${index}.cfg`, text }));
}

/** What a real shell makes of files that are safe to run. */
function askShell(text: string): { readonly L: string; readonly D: string } {
  const script = `${text}\nprintf '%s\\0' "$${L}" "$${D}"`;
  const { stdout } = spawnSync("/bin/sh", ["-c", script], { env: {}, encoding: "utf8", timeout: 10_000 });
  const [linux = "", normal = ""] = stdout.split("\0");
  return { L: linux, D: normal };
}

describe("evaluateGrubDefaults", () => {
  it.each([
    ["quotes", `${L}='a "b"'\n${D}="a \\"b\\" \\c \\$x"`],
    ["joined pieces", `${L}="a"'b'c\\ d\n${D}=a\\"b`],
    ["comments", `${L}="a#b" # c "d\n${D}=a#b #c`],
    ["continuations", `${L}="a \\\n  b"\n${D}=a\\\nb`],
    ["values of their own", `X="a b"\n${L}="$X c"\n${D}="\${${L}} d"\n${L}="$${L} e"`],
    ["several on a line", `${L}=a ${D}="$${L} b"; ${L}=c`],
    ["defaults", `X=\n${L}="\${X:-a} \${X-b}c \${${D}:+d}"\nY=1\n${D}="\${Y:+e }\${Y-f}"`],
    ["settings by default", `${D}=x\n: "\${${L}:=a b}" "\${${D}:=y}"`],
    ["a subshell", `${L}=a\n(${L}=b)\n${L}=c | true\n${D}="d"`],
    ["a group", `{ ${L}=a; ${D}=b; }`],
    ["unset", `${L}=a\nunset ${L}\n${D}="x$${L}"`],
    ["export", `export ${L}="a b" ${D}=c`],
    ["an assignment for one command", `${L}=a\n${L}=b true\n${D}="$${L}"`],
    ["quotes in a command that it does not need", `X="$(echo "a)" ')')" || true\n${L}="b"`],
    ["an early end", `${L}=a\n: ; ${D}=b`],
    ["a literal dollar", `${L}="a$ $"\n${D}='$c'`],
  ])("agrees with sh about %s", (_, text) => {
    const { isExact, ...values } = evaluateGrubDefaults(files(text));

    expect({ isExact, L: values[L] ?? "", D: values[D] ?? "" }).toEqual({ isExact: true, ...askShell(text) });
  });

  it("reads drop-ins behind the main file", () => {
    const main = `${L}="a"\n${D}="quiet"\n`;

    expect(evaluateGrubDefaults(files(main, `${D}="$${D} b"\n`, `${L}=c\n`))).toEqual({
      [L]: "c",
      [D]: "quiet b",
      isExact: true,
    });
    expect(evaluateGrubDefaults(files("GRUB_TIMEOUT=5\n"))).toEqual({ isExact: true });
  });

  it.each([
    ["a command", `${D}="$(cat /x) quiet"\n`, "$(cat /x) quiet"],
    ["a variable of elsewhere", `${D}="root=$GRUB_DEVICE quiet"\n`, "root=$GRUB_DEVICE quiet"],
    ["code that adds", `${D}="quiet"\nif :; then ${D}="$${D} b"; fi\n`, `quiet $${D}`],
    ["code that sets", `${D}="quiet"\nif :; then ${D}=b; fi\n`, `$${D}`],
    ["a sourced file", `${D}="quiet"\n. /x\n`, `quiet $${D}`],
    ["a file that cannot be read", `${D}="quiet\n`, `$${D}`],
    ["quotes of bash", `${D}=$'quiet'\n`, "$'quiet'"],
    ["an array", `${D}=(a b)\n`, `$${D}`],
    ["read", `read ${D}\n`, `$${D}`],
  ])("says when a value is not exact: %s", (_, text, expected) => {
    const { isExact, ...values } = evaluateGrubDefaults(files(text));

    expect({ isExact, value: values[D] }).toEqual({ isExact: false, value: expected });
  });
});

describe("findOverride", () => {
  const main = `${D}="quiet"\n`;

  it.each([
    ["none", [main], undefined],
    ["a drop-in that appends", [main, `${D}="$${D} a"\n`], undefined],
    ["one that appends by another name", [main, `X="$${D}"\n${D}="$X a"\n`], undefined],
    ["one about something else", [main, `${L}="a"\n`], undefined],
    ["one that appends in code", [main, `if :; then ${D}="$${D} a"; fi\n`], undefined],
    ["a cloud image's", [main, `${D}="console=ttyS0"\n`], { path: "grub.d/1.cfg", isCertain: true }],
    ["one that unsets", [main, `unset ${D}\n`], { path: "grub.d/1.cfg", isCertain: true }],
    ["the last of two", [main, `${D}=a\n`, `${D}=b\n`], { path: "grub.d/2.cfg", isCertain: true }],
    ["one that does so on a condition", [main, `if :; then ${D}=a; fi\n`], { path: "grub.d/1.cfg", isCertain: false }],
    ["one that filters", [main, `${D}="$(echo "$${D}" | tr a b)"\n`], { path: "grub.d/1.cfg", isCertain: false }],
    ["one that cannot be read", [main, `${D}="a\n`], { path: "grub.d/1.cfg", isCertain: false }],
  ])("finds %s", (_, texts, expected) => {
    expect(findOverride(files(...texts), D)).toEqual(expected);
  });
});
