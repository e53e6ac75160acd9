import { describe, expect, it } from "@jest/globals";
import { parseActivity } from "../../provider/src/host/snapshot/parse-activity";
import { describeInhibitor, describePackageManager, describeSession } from "../../provider/src/model/reboot/activity";

const SINCE_US = Date.UTC(2026, 10, 22, 20, 15, 30) * 1000;

function describeLine(...fields: readonly string[]): string[] {
  const { sessions, inhibitors, packageManagers } = parseActivity([fields.join("\t")]);
  return [
    ...sessions.map(describeSession),
    ...inhibitors.map(describeInhibitor),
    ...packageManagers.map(describePackageManager),
  ];
}

describe("who uses a host", () => {
  it.each([
    [
      ["session", "3", "alice", "pts/0", "192.0.2.7", String(SINCE_US)],
      "alice on pts/0 from 192.0.2.7 since 2026-11-22 20:15 UTC",
    ],
    [["session", "c1", "bob", "tty1", "", ""], "bob on tty1"],
    [["session", "c1", "bob", "a desktop", "", "never"], "bob on a desktop"],
    [["session", "9", '"a b"', "pts/1", '"fe80::1%eth0"', "0"], "a b on pts/1 from fe80::1%eth0"],
    [["inhibitor", "812", "backup", "busy"], "backup (process 812): busy"],
    [["inhibitor", "812", "Unattended\\040Upgrades", "x"], "Unattended Upgrades (process 812): x"],
    [["inhibitor", "1", '"it\\\\\'s me"', '"3 \\\\303\\\\227 \\\\\\"fast\\\\\\""'], 'it\'s me (process 1): 3 × "fast"'],
    [["inhibitor", "1", "a\\nb", "c\\033[31m"], "a b (process 1): c [31m"],
    [["inhibitor", "1", "", ""], "a program (process 1): no reason given"],
    [["package", "77", "apt-get", "/var/lib/dpkg/lock"], "apt-get (process 77, holds /var/lib/dpkg/lock)"],
  ])("%j is %s", (fields, words) => {
    expect(describeLine(...fields)).toEqual([words]);
  });

  it("is nobody on other lines", () => {
    expect(describeLine("domain", "guest")).toEqual([]);
    expect(describeLine("")).toEqual([]);
  });
});
