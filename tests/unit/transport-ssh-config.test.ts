import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalEnvironment } from "../../provider/src/transport/environment";
import { parseHostConfig, readHostConfig } from "../../provider/src/transport/ssh-config";
import { resolveTarget } from "../../provider/src/transport/target";
import { TransportError } from "../../provider/src/transport/errors";

const env: LocalEnvironment = {
  homeDir: "/home/ann",
  userName: "ann",
  variables: { SSH_AUTH_SOCK: "/run/agent", OTHER_SOCK: "/run/other" },
  globalKnownHosts: [],
};

function parse(text: string, host = "kvm1"): unknown {
  return parseHostConfig(text, { host, user: undefined }, env);
}

describe("what an ssh config says about a host", () => {
  it.each<[string, string, unknown]>([
    ["nothing", "", {}],
    ["the first value of several", "Host kvm1\n  Port 1\nHost *\n  Port 2\n  User ann", { port: 1, user: "ann" }],
    ["nothing for other hosts", "Host kvm2\n  Port 1", {}],
    ["options in any case, with an equals sign", "host kvm1\n  hostname=10.0.0.1", { hostName: "10.0.0.1" }],
    ["a name made from the alias", "Host kvm*\n  HostName %h.example", { hostName: "kvm1.example" }],
    ["several identity files", "IdentityFile ~/a\nIdentityFile /b", { identityFiles: ["/home/ann/a", "/b"] }],
    [
      "tokens and variables",
      "IdentityFile %d/%n-%u-${OTHER_SOCK}",
      { identityFiles: ["/home/ann/kvm1-ann-/run/other"] },
    ],
    ["no identity file", "IdentityFile none", { identityFiles: [] }],
    ["IdentitiesOnly", "IdentitiesOnly yes", { identitiesOnly: true }],
    ["an agent by path", "IdentityAgent ~/agent", { agent: "/home/ann/agent" }],
    ["an agent by variable", "IdentityAgent $OTHER_SOCK", { agent: "/run/other" }],
    ["no agent", "IdentityAgent none", { agent: false }],
    ["the default agent", "IdentityAgent SSH_AUTH_SOCK", {}],
    ["several jump hosts", "ProxyJump a,root@b:2222", { proxyJump: ["a", "root@b:2222"] }],
    ["no jump host", "Host kvm1\n  ProxyJump none\nHost *\n  ProxyJump a", { proxyJump: [] }],
    ["a proxy command", "ProxyCommand nc %h %p", { proxyCommand: "nc %h %p" }],
    ["the first of both kinds of proxy", "ProxyJump a\nProxyCommand nc", { proxyJump: ["a"] }],
    ["no proxy command", "ProxyCommand none", { proxyJump: [] }],
    ["known_hosts files", "UserKnownHostsFile ~/a /b", { knownHostsFiles: ["/home/ann/a", "/b"] }],
    ["an alias for the host key", "HostKeyAlias x", { hostKeyAlias: "x" }],
    [
      "times",
      "ConnectTimeout 1m30s\nServerAliveInterval 0",
      { connectTimeoutSeconds: 90, keepaliveIntervalSeconds: 0 },
    ],
    ["a section by user", "Match originalhost kvm1\n  Port 3", { port: 3 }],
  ])("is %s", (_what, text, expected) => {
    expect(parse(text)).toEqual({ identitiesOnly: false, ...(expected as object) });
  });

  it.each([
    ["a port that is no number", "Port ssh", /port is "ssh"/],
    ["a time that is none", "ConnectTimeout soon", /"soon" is not a time/],
  ])("is an error for %s", (_what, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe("Include", () => {
  let home: string;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "passthrough-config-"));
    mkdirSync(join(home, ".ssh", "d"), { recursive: true });
    const files = {
      config: "Include d/*.conf missing\nHost kvm1\n  Include user\n  Port 1\nHost *\n  Port 2",
      "d/a.conf": "Host kvm1\n  HostName from-a",
      "d/b.conf": "Host *\n  HostName from-b",
      "d/c.other": "HostName from-c",
      user: "User operator",
      loop: "Include loop",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, ".ssh", name), text);
  });

  afterAll(() => {
    rmSync(home, { recursive: true });
  });

  it.each([
    ["kvm1", { hostName: "from-a", user: "operator", port: 1 }],
    ["kvm2", { hostName: "from-b", port: 2 }],
  ])("is followed for %s, in its place and section", async (host, expected) => {
    const config = await readHostConfig(
      join(home, ".ssh", "config"),
      { host, user: undefined },
      { ...env, homeDir: home },
    );

    expect(config).toEqual({ identitiesOnly: false, ...expected });
  });

  it("is an error when it goes round in circles", async () => {
    const reading = readHostConfig(
      join(home, ".ssh", "loop"),
      { host: "a", user: undefined },
      { ...env, homeDir: home },
    );

    await expect(reading).rejects.toThrow(/levels deep/);
  });

  it("is an error where a config that was named is not there, and none where the default is not", async () => {
    const missing = join(home, "nowhere");

    await expect(resolveTarget({ address: "kvm1", sshConfigPath: missing }, env)).rejects.toThrow(
      `the ssh config ${missing} does not exist. Check host.sshConfigPath`,
    );
    await expect(resolveTarget({ address: "kvm1", sshConfigPath: "none" }, env)).resolves.toMatchObject({ port: 22 });
    await expect(resolveTarget("kvm1", { ...env, homeDir: missing })).resolves.toMatchObject({ port: 22 });
  });

  it.each([
    ["ProxyCommand nc %h", "host.jumpHost", /ProxyCommand/],
    ["ProxyJump kvm1", "host.jumpHost.jumpHost", /in a circle/],
    ["Port ssh", "host.sshConfigPath", /port is "ssh"/],
  ])("a config with %s is refused under a property that mends it", async (text, property, message) => {
    const sshConfigPath = join(home, "bad");
    writeFileSync(sshConfigPath, text);

    const error: unknown = await resolveTarget({ address: "kvm1", sshConfigPath }, env).catch(
      (reason: unknown) => reason,
    );

    expect(error).toBeInstanceOf(TransportError);
    expect((error as TransportError).kind).toBe("configuration");
    expect((error as TransportError).property).toContain(property);
    expect((error as TransportError).message).toMatch(message);
  });
});

describe("resolveTarget", () => {
  it("lets the input win over the config, and the config over the defaults", async () => {
    const home = mkdtempSync(join(tmpdir(), "passthrough-config-"));
    mkdirSync(join(home, ".ssh"));
    writeFileSync(
      join(home, ".ssh", "config"),
      "Host kvm1\n  Port 1\n  User config\n  IdentityFile ~/key\n  ConnectTimeout 5",
    );

    const target = await resolveTarget(
      { address: "kvm1", user: "input", commandTimeoutSeconds: 7 },
      { ...env, homeDir: home },
    );
    rmSync(home, { recursive: true });

    expect(target).toEqual({
      label: "input@kvm1",
      property: "host",
      address: "kvm1",
      port: 1,
      user: "input",
      login: { agent: "/run/agent", identityFiles: [join(home, "key")], identitiesOnly: false },
      hostKeys: [],
      knownHostsFiles: [join(home, ".ssh/known_hosts"), join(home, ".ssh/known_hosts2")],
      connectTimeoutMs: 5000,
      commandTimeoutMs: 7000,
      keepaliveMs: 15_000,
    });
  });
});
