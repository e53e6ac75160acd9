import { describe, expect, it } from "@jest/globals";
import { rollout, type RolloutHost, type RolloutOptions } from "pulumi-passthrough";

const HOSTS = ["kvm1", "kvm2"];

/** The error's message; nothing is declared before the arguments are known to be right, so no engine is needed. */
function complaint(hosts: readonly RolloutHost[], options: RolloutOptions): string {
  let calls = 0;
  try {
    rollout(hosts, options, () => calls++);
  } catch (error) {
    expect(calls).toBe(0);
    return error instanceof Error ? error.message : String(error);
  }
  return "none";
}

describe("rollout", () => {
  it.each<[string, readonly RolloutHost[], RolloutOptions, string]>([
    [
      "no hosts at a time",
      HOSTS,
      { batchSize: 0 },
      "batchSize is 0; expected a whole number from 1, the hosts that may reboot at once",
    ],
    [
      "half a host",
      HOSTS,
      { batchSize: 1.5 },
      "batchSize is 1.5; expected a whole number from 1, the hosts that may reboot at once",
    ],
    [
      "no number",
      HOSTS,
      { batchSize: NaN },
      "batchSize is NaN; expected a whole number from 1, the hosts that may reboot at once",
    ],
    [
      "less than no failures",
      HOSTS,
      { batchSize: 1, maxFailures: -1 },
      "maxFailures is -1; expected a whole number from 0, the hosts that may fail",
    ],
    [
      "a host twice",
      [...HOSTS, "kvm1"],
      { batchSize: 1 },
      'the host "kvm1" stands in the list twice; a host is in one wave only',
    ],
    [
      "a host twice in two forms",
      ["root@kvm1:22", { address: "kvm1", user: "root", port: 22 }],
      { batchSize: 1 },
      'the host "root@kvm1:22" stands in the list twice; a host is in one wave only',
    ],
    [
      "a host without a name",
      [{ name: "" }],
      { batchSize: 1 },
      "a host has no name that is known yet; give it a member `name` that is a plain text",
    ],
  ])("refuses %s", (_what, hosts, options, message) => {
    expect(complaint(hosts, options)).toBe(`rollout: ${message}`);
  });
});
