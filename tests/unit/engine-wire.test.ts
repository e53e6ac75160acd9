import { describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import {
  areEqual,
  areRelated,
  bare,
  formatPath,
  toSecret,
  UNKNOWN,
  unknownPaths,
  withSecrets,
} from "../../provider/src/engine/wire";

describe("wire values", () => {
  it("uses the constants of the installed SDK", () => {
    const runtime = pulumi.runtime as unknown as Record<string, string>;

    expect(UNKNOWN).toBe(runtime["unknownValue"]);
    expect(toSecret("x")).toEqual({ [runtime["specialSigKey"] ?? ""]: runtime["specialSecretSig"], value: "x" });
  });

  it("finds unknown values at any depth, also inside a text", () => {
    const value = {
      host: { address: UNKNOWN, port: 22 },
      devices: ["0000:01:00.0", UNKNOWN],
      note: `at ${UNKNOWN}:22`,
    };

    expect(unknownPaths(value)).toEqual([["host", "address"], ["devices", 1], ["note"]]);
  });

  it("puts envelopes on and takes them off", () => {
    const value = { host: { address: "a", password: "p", jumpHost: [{ passphrase: "q" }] } };
    const wrapped = withSecrets(value, [
      ["host", "password"],
      ["host", "jumpHost", 0, "passphrase"],
      ["host", "missing"],
    ]);

    expect(wrapped).toEqual({
      host: { address: "a", password: toSecret("p"), jumpHost: [{ passphrase: toSecret("q") }] },
    });
    expect(bare(wrapped)).toEqual(value);
  });

  it.each([
    [["host"], ["host", "address"], true],
    [["host", "address"], ["host"], true],
    [["devices", 0], ["devices", "0", "x"], true],
    [["devices", 1], ["devices", 0], false],
    [["domain"], ["host"], false],
  ])("tells whether %j and %j lie on one way", (a, b, expected) => {
    expect(areRelated(a, b)).toBe(expected);
  });

  it("writes paths as Pulumi does", () => {
    expect(formatPath(["devices", 0, "address"])).toBe("devices[0].address");
  });

  it("are equal whatever the order of members, and those without a value do not count", () => {
    expect(areEqual({ b: [1, { d: 1, c: undefined }], a: null }, { a: null, b: [1, { d: 1 }] })).toBe(true);
    expect(areEqual({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
  });
});
