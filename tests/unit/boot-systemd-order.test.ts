import { describe, expect, it } from "@jest/globals";
import { compareEntries, compareVersions, type OrderedEntry } from "../../provider/src/model/boot/systemd-boot-order";

/** From old to new, as the Version Format Specification and systemd's own tests have them. */
const VERSIONS = [
  "~",
  "",
  "a",
  "122.1",
  "123~rc1-1",
  "123",
  "123-a",
  "123-a.1",
  "123-3",
  "123^post1",
  "123.a-1",
  "123.1-1",
  "124-1",
];

describe("compareVersions", () => {
  it.each(VERSIONS.flatMap((a, i) => VERSIONS.map((b, j) => [a, b, Math.sign(i - j)] as const)))(
    "puts %p and %p in order %p",
    (a, b, order) => {
      expect(Math.sign(compareVersions(a, b))).toBe(order);
    },
  );

  it.each([
    ["00123", "123"],
    ["6.1_a", "6.1a"],
    ["a", "a"],
  ])("takes %p for %p", (a, b) => {
    expect(Math.abs(compareVersions(a, b))).toBe(0);
  });
});

function entry(id: string, rest: Partial<OrderedEntry> = {}): OrderedEntry {
  return { id, sortKey: undefined, machineId: "", version: "", isSpent: false, ...rest };
}

/** In the order of the menu. */
const MENU: readonly OrderedEntry[] = [
  entry("z.conf", { sortKey: "arch", version: "1" }),
  entry("b.conf", { sortKey: "debian", machineId: "0", version: "6.1.0-44" }),
  entry("c.conf", { sortKey: "debian", machineId: "0", version: "6.1.0-9" }),
  entry("a.conf", { sortKey: "debian", machineId: "1", version: "7" }),
  entry("0123-6.1.0-44.conf"),
  entry("0123-6.1.0-9.conf"),
  entry("f00d-6.1.0.conf"),
  entry("aaa.conf"),
  entry("_-passthrough-trial.conf"),
  entry("a-new.conf", { sortKey: "aaa", version: "9", isSpent: true }),
];

describe("compareEntries", () => {
  it("orders as systemd-boot does, the trial's entry behind every one that could be a default", () => {
    expect([...MENU].reverse().sort(compareEntries)).toEqual(MENU);
  });
});
