import { describe, expect, it } from "@jest/globals";
import {
  parseGrepLines,
  parseLinks,
  splitSections,
  SnapshotFormatError,
} from "../../provider/src/host/snapshot/sections";

describe("splitSections", () => {
  it("drops what a login shell printed and keeps bodies byte for byte", () => {
    const output = "motd\n@@n1 begin \n@@n1 text etc/x\nline\n\n@@n2 end\n\n@@n1 end \n";

    expect(splitSections(output, "n1")).toEqual([
      { name: "begin", argument: "", body: "" },
      { name: "text", argument: "etc/x", body: "line\n\n@@n2 end\n" },
      { name: "end", argument: "", body: "" },
    ]);
  });

  it.each([
    ["nothing", "", /it said nothing/],
    ["another shell", "fish: Unknown command", /it said "fish: Unknown command"/],
    ["half an answer", "@@n1 begin \n@@n1 files\n", /cut short/],
  ])("refuses %s", (_, output, message) => {
    expect(() => splitSections(output, "n1")).toThrow(SnapshotFormatError);
    expect(() => splitSections(output, "n1")).toThrow(message);
  });
});

describe("parseGrepLines", () => {
  it("joins the lines of a file, with colons in its path and in its text", () => {
    const mount = "27 1 254:2 / / rw,relatime shared:1 - ext4 /dev/vda2 rw";
    const rows = [
      `proc/self/mountinfo:${mount}`,
      "./0000:01:00.0/vendor:0x8086",
      "etc/os-release:ID=debian",
      'etc/os-release:URL="https://x:1/"',
    ];

    expect([...parseGrepLines(rows)]).toEqual([
      ["proc/self/mountinfo", mount],
      ["./0000:01:00.0/vendor", "0x8086"],
      ["etc/os-release", 'ID=debian\nURL="https://x:1/"'],
    ]);
  });
});

describe("parseLinks", () => {
  it("reads targets, and folders as links without one", () => {
    const rows = [
      "lrwxrwxrwx 1 root root 0 Nov 22 17:42 sys/class/net/lo -> ../../devices/virtual/net/lo",
      "-rw-r--r-- 1 root root 0 Nov 22 17:42 sys/class/net/bonding_masters",
      "total 0",
    ];

    expect([...parseLinks(rows)]).toEqual([
      ["sys/class/net/lo", "../../devices/virtual/net/lo"],
      ["sys/class/net/bonding_masters", undefined],
    ]);
  });
});
