import { describe, expect, it } from "@jest/globals";
import { stripVTControlCharacters } from "node:util";
import { renderChecks } from "../../provider/src/cli/doctor-text";
import { renderSummary, renderSurvey } from "../../provider/src/cli/survey-text";
import { choosePaint } from "../../provider/src/cli/terminal";
import type { Check } from "../../provider/src/model/doctor/check";
import { surveyHost } from "../../provider/src/model/survey/survey-host";
import type { HostSurvey } from "../../provider/src/model/survey/survey";
import { buildFunction } from "./facts-builder";
import { buildLabFacts, LAB_FUNCTIONS } from "./lab-facts";

const PLAIN = { columns: 80, paint: choosePaint(false) };
const COLOURED = { columns: 80, paint: choosePaint(true) };
const LAB = surveyHost(buildLabFacts(), "lab");

/** The lines about functions, from the titles to the offer. */
function treeOf(survey: HostSurvey): string[] {
  const lines = renderSurvey(survey, PLAIN).split("\n");
  const start = lines.findIndex((line) => line.includes("FUNCTION"));
  return lines.slice(start + 1, lines.indexOf("", start));
}

describe("a survey in words", () => {
  it("has functions below their bridges, and bridges below each other", () => {
    const rows = treeOf(LAB).filter((line) => /[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/.test(line.slice(0, 14)));

    expect(rows.map((line) => line.slice(2, 14).trimEnd())).toEqual([
      ...["00:00.0", "00:01.0", "00:02.0", "00:03.0", "00:04.0", "└─01:00.0", "00:05.0", "└─02:00.0"],
      ...["  ├─03:01.0", "  └─03:02.0", "00:1f.0", "00:1f.2", "00:1f.3"],
    ]);
  });

  it("names the users of a function, or the rule that keeps it, and who goes with it", () => {
    const tree = treeOf(LAB).map((line) => line.trim());

    expect(tree).toContain("/ on /dev/vda1 (ext4)");
    expect(tree).toContain("by the safety rule essential-class");
    expect(tree).toContain("together with 03:02.0");
  });

  it("says at its end what a guest could have", () => {
    const text = renderSurvey(LAB, PLAIN);

    expect(text).toMatch(/Free for a guest\n {4}group 7 {2}01:00\.0 .*\n {4}group 8 {2}03:01\.0 \+ 03:02\.0/);
    expect(text).toContain("further groups stay with the host");
  });

  it("has whole addresses where there is more than one domain", () => {
    const pci = [...LAB_FUNCTIONS, buildFunction("0001:00:00.0", { iommuGroup: 20 })];

    const tree = treeOf(surveyHost(buildLabFacts({ pci }), "lab"));

    expect(tree.some((line) => line.includes("0000:00:00.0"))).toBe(true);
    expect(tree.some((line) => line.includes("0001:00:00.0"))).toBe(true);
  });

  it.each([60, 80, 120])("keeps to %i columns", (columns) => {
    const lines = renderSurvey(LAB, { ...PLAIN, columns }).split("\n");

    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  });

  it("is the same text with colours", () => {
    const coloured = renderSurvey(LAB, COLOURED);

    expect(coloured).toContain("\u001b[31mneeded\u001b[39m");
    expect(stripVTControlCharacters(coloured)).toBe(renderSurvey(LAB, PLAIN));
  });

  it("of several hosts ends in a table, with those that could not be read", () => {
    const rows = renderSummary([LAB], [{ host: "gone" }], PLAIN).split("\n");

    expect(rows[1]).toMatch(/^lab +in use +9 +2 +0 +0\/0/);
    expect(rows[2]).toMatch(/^gone +not read/);
  });
});

describe("checks in words", () => {
  const checks: Check[] = [
    { name: "cpu-virtualization", title: "CPU", outcome: "ok", cause: "The CPU shows vmx.", remedy: "" },
    { name: "lockdown", title: "Lockdown", outcome: "warning", cause: "Locked.", remedy: "Sign it." },
    { name: "packages", title: "Packages", outcome: "failure", cause: "None.", remedy: "Install them." },
  ];

  it("stand in their order, each with its cause, and a remedy where one is due", () => {
    expect(renderChecks("kvm1", checks, PLAIN)).toBe(
      [
        "kvm1",
        "  ✓ CPU",
        "      The CPU shows vmx.",
        "  ! Lockdown",
        "      Locked.",
        "    → Sign it.",
        "  ✗ Packages",
        "      None.",
        "    → Install them.",
        "",
        "1 ok, 1 warning, 1 failure. Begin with: Packages.",
        "",
      ].join("\n"),
    );
  });

  it("are the same with colours", () => {
    expect(stripVTControlCharacters(renderChecks("kvm1", checks, COLOURED))).toBe(renderChecks("kvm1", checks, PLAIN));
  });
});
