import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { describeHost, HostConnection, parseHostName, secretPaths } from "../../provider/src/model/connection";

describe("parseHostName", () => {
  it.each([
    ["kvm1", { address: "kvm1" }],
    ["kvm1.example:2222", { address: "kvm1.example", port: 2222 }],
    ["root@10.0.0.1", { user: "root", address: "10.0.0.1" }],
    ["root@[fe80::1%eth0]:22", { user: "root", address: "fe80::1%eth0", port: 22 }],
    ["[::1]", { address: "::1" }],
  ])("splits %s", (text, parts) => {
    expect(parseHostName(text)).toEqual(parts);
  });

  it.each(["", "a b", "::1", "root@", "@kvm1", "kvm1:", "kvm1:0", "kvm1:65536", "-oProxyCommand=x", "-l@kvm1", "a/b"])(
    "does not take %j for a host",
    (text) => {
      expect(parseHostName(text)).toBeUndefined();
    },
  );

  it("reads back what describeHost writes", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/);
    const address = fc.oneof(name, fc.constantFrom("::1", "fe80::1"));
    const port = fc.integer({ min: 1, max: 65535 });
    fc.assert(
      fc.property(name, address, port, (user, where, number) => {
        const settings = { user, address: where, port: number };

        expect(parseHostName(describeHost(settings))).toEqual(settings);
      }),
    );
  });
});

const Input = z.strictObject({ host: HostConnection });
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==";

describe("HostConnection", () => {
  it.each<[string, unknown]>([
    ["a name", "kvm1"],
    ["an address alone", { address: "10.0.0.1" }],
    ["jump hosts of both forms", { address: "a", jumpHost: ["b", { address: "c", jumpHost: "d" }] }],
    ["sudo in all forms", { address: "a", sudo: { password: "x" }, jumpHost: { address: "b", sudo: true } }],
    ["host keys", { address: "a", hostKey: [KEY, `SHA256:${"A".repeat(43)}`] }],
    ["no agent", { address: "::1", agent: false }],
  ])("takes %s as it is", (_what, host) => {
    expect(Input.parse({ host })).toEqual({ host });
  });

  it.each<[string, unknown, string[]]>([
    ["a text that names no host", "a b", ["host"]],
    ["something else", 5, ["host"]],
    ["an unknown property", { address: "a", adress: "b" }, ["host"]],
    [
      "several faults",
      { address: "a", port: "1", jumpHost: ["b", { address: "c", port: 0 }] },
      ["host.port", "host.jumpHost.1.port"],
    ],
    [
      "a fault of a single jump host",
      { address: "a", jumpHost: { address: "b", hostKey: "zz" } },
      ["host.jumpHost.hostKey"],
    ],
    ["an option in place of an address", { address: "-oProxyCommand=x" }, ["host.address"]],
    ["a password of several lines", { address: "a", sudo: { password: "a\nb" } }, ["host.sudo.password"]],
  ])("reports %s where it stands", (_what, host, paths) => {
    const issues = Input.safeParse({ host }).error?.issues ?? [];

    expect(issues.map((issue) => issue.path.join("."))).toEqual(paths);
  });

  it("does not repeat a secret in what it reports", () => {
    const { error } = Input.safeParse({
      host: { address: "a", password: ["hunter2"], sudo: { password: "hunter2\n" } },
    });

    expect(JSON.stringify(error?.issues)).not.toContain("hunter2");
  });

  it("has a JSON schema that describes every property and refers to itself for jump hosts", () => {
    const text = JSON.stringify(z.toJSONSchema(Input, { io: "input" }));
    const schema = JSON.parse(text) as {
      $defs: Record<string, { anyOf: { properties?: Record<string, { description?: string }> }[] }>;
    };
    const properties = Object.values(schema.$defs)[0]?.anyOf[1]?.properties ?? {};

    expect(Object.entries(properties).filter(([, value]) => value.description === undefined)).toEqual([]);
    expect(JSON.stringify(properties["jumpHost"])).toContain("$ref");
  });
});

describe("secretPaths", () => {
  it.each<[string, HostConnection, unknown]>([
    ["a name", "kvm1", []],
    ["no secrets", { address: "a", privateKeyPath: "k", sudo: true, jumpHost: "b" }, []],
    [
      "all of them",
      { address: "a", password: "1", privateKey: "2", passphrase: "3", sudo: { password: "4" } },
      [["password"], ["privateKey"], ["passphrase"], ["sudo", "password"]],
    ],
    ["those of one jump host", { address: "a", jumpHost: { address: "b", password: "1" } }, [["jumpHost", "password"]]],
    [
      "those of nested jump hosts",
      { address: "a", jumpHost: ["b", { address: "c", jumpHost: { address: "d", sudo: { password: "1" } } }] },
      [["jumpHost", 1, "jumpHost", "sudo", "password"]],
    ],
  ])("finds %s", (_what, connection, paths) => {
    expect(secretPaths(connection)).toEqual(paths);
  });
});
