import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createHmac } from "node:crypto";
import { isAbout, knownHostName, parseKnownHosts } from "../../provider/src/transport/known-hosts";

/** A public key in SSH's binary form, as base64, with this type and body. */
function encodeKey(type: string, body = "body"): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(type.length);
  return Buffer.concat([bytes, Buffer.from(type + body)]).toString("base64");
}

const KEY = `ssh-ed25519 ${encodeKey("ssh-ed25519")}`;

function hash(name: string): string {
  const salt = Buffer.from("twenty bytes of salt");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

describe("a line of known_hosts", () => {
  it.each<[string, string, string, boolean]>([
    ["a name", "kvm1", "kvm1", true],
    ["another name", "kvm1", "kvm10", false],
    ["a name in capitals", "KVM1.Example", "kvm1.example", true],
    ["one of several names", "a,kvm1,b", "kvm1", true],
    ["a port", "[kvm1]:2222", "[kvm1]:2222", true],
    ["another port", "[kvm1]:2222", "[kvm1]:2223", false],
    ["a name without the port", "kvm1", "[kvm1]:2222", false],
    ["a star", "*.example", "a.b.example", true],
    ["a star that needs its dot", "*.example", "example", false],
    ["a dot that is no wildcard", "a.example", "abexample", false],
    ["a question mark", "kvm?", "kvm1", true],
    ["a question mark for nothing", "kvm?", "kvm", false],
    ["a negation", "*.example,!bad.example", "bad.example", false],
    ["a negation of another", "*.example,!bad.example", "good.example", true],
    ["a negation alone", "!bad.example", "good.example", false],
    ["an IPv6 address", "fe80::1", "fe80::1", true],
    ["a hash", hash("kvm1"), "kvm1", true],
    ["a hash of another name", hash("kvm1"), "kvm2", false],
    ["a hash with a port", hash("[kvm1]:2222"), "[kvm1]:2222", true],
    ["a broken hash", "|1|x", "x", false],
  ])("with %s decides whether it is about a host", (_what, patterns, name, expected) => {
    const [line] = parseKnownHosts(`${patterns} ${KEY} comment`, "known_hosts");

    expect(line === undefined ? undefined : isAbout(line, name)).toBe(expected);
  });

  it.each([
    "",
    "# comment",
    "kvm1",
    "kvm1 ssh-ed25519",
    "kvm1 ssh-rsa AAAA",
    `kvm1 ssh-rsa ${encodeKey("ssh-ed25519")}`,
    `@other kvm1 ${KEY}`,
  ])("is passed over when it is %j", (text) => {
    expect(parseKnownHosts(text, "known_hosts")).toEqual([]);
  });

  it("keeps its marker, file and number", () => {
    const text = ["# comment", `kvm1 ${KEY}`, "", `@revoked * ${KEY}`, `@cert-authority *.example ${KEY}`].join("\r\n");

    const lines = parseKnownHosts(text, "f").map(({ marker, file, line, type }) => ({ marker, file, line, type }));

    expect(lines).toEqual([
      { marker: undefined, file: "f", line: 2, type: "ssh-ed25519" },
      { marker: "revoked", file: "f", line: 4, type: "ssh-ed25519" },
      { marker: "cert-authority", file: "f", line: 5, type: "ssh-ed25519" },
    ]);
  });

  it("never fails, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, name) => {
        const lines = parseKnownHosts(`${text} ${KEY}`, "f");

        expect(lines.every((line) => typeof isAbout(line, name) === "boolean")).toBe(true);
      }),
    );
  });
});

describe("knownHostName", () => {
  it.each([
    ["KVM1", 22, "kvm1"],
    ["kvm1", 2222, "[kvm1]:2222"],
    ["::1", 2222, "[::1]:2222"],
  ])("names %s with port %s", (host, port, name) => {
    expect(knownHostName(host, port)).toBe(name);
  });
});
