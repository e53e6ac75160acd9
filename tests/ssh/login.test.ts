import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { join } from "node:path";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import type { HostSettings } from "../../provider/src/model/connection";
import { openShell } from "../../provider/src/transport/shell";
import { type RunningAgent, startAgent } from "./agent";
import { factsOf, failureOf } from "./failures";
import { type KeyPair, makeKey } from "./keys";
import { PASSWORD, type SshServer, startDropbear, startOpenSsh } from "./servers";

describe.each([
  ["OpenSSH", startOpenSsh],
  ["Dropbear", startDropbear],
])("logging in on %s", (_name, start) => {
  let server: SshServer;
  let agent: RunningAgent;
  let encrypted: KeyPair;
  let stranger: KeyPair;
  const other = new Map<string, KeyPair>();

  beforeAll(async () => {
    server = await start();
    agent = await startAgent(server.dir);
    for (const type of ["rsa", "ecdsa"] as const) other.set(type, makeKey(server.dir, `client_${type}`, type));
    encrypted = makeKey(server.dir, "client_encrypted", "ed25519", "open sesame");
    stranger = makeKey(server.dir, "stranger", "ed25519");
    for (const key of [...other.values(), encrypted]) server.authorize(key.publicKey);
  });

  afterAll(async () => {
    await agent.stop();
    await server.stop();
  });

  /** A connection without the key that works. */
  function keyless(changes: Partial<HostSettings>): HostSettings {
    return { ...server.connection(), privateKeyPath: undefined, ...changes };
  }

  async function whoAmI(connection: HostSettings, homeDir = server.dir): Promise<string> {
    const shell = await openShell(connection, { env: { homeDir, userName: "nobody", variables: {} } });
    try {
      return (await shell.run({ script: "id -un" })).stdout.trim();
    } finally {
      await shell.close();
    }
  }

  it.each(["rsa", "ecdsa"])("takes an %s key by path and as text", async (type) => {
    const path = other.get(type)?.path ?? "";

    expect(await whoAmI(keyless({ privateKeyPath: path }))).toBe("root");
    expect(await whoAmI(keyless({ privateKey: readFileSync(path, "utf8"), user: "operator" }))).toBe("operator");
  });

  it("opens an encrypted key with its passphrase", async () => {
    expect(await whoAmI(keyless({ privateKeyPath: encrypted.path, passphrase: "open sesame" }))).toBe("root");
  });

  it.each([
    ["is missing", undefined, "no passphrase is given"],
    ["is wrong", "open barley", "does not open the private key"],
  ])("says so when the passphrase %s", async (_what, passphrase, words) => {
    const error = await failureOf(whoAmI(keyless({ privateKeyPath: encrypted.path, passphrase })));

    expect(factsOf(error)).toEqual({ kind: "authentication", property: "host.passphrase" });
    expect(error.message).toContain(words);
    expect(error.message).not.toContain("open barley");
  });

  it.each([
    ["does not exist", "/nonexistent/key", "does not exist"],
    ["is no key", "/etc/hostname", "is not a private key"],
  ])("says so when the key's file %s", async (_what, privateKeyPath, words) => {
    const error = await failureOf(whoAmI(keyless({ privateKeyPath })));

    expect(factsOf(error)).toEqual({ kind: "authentication", property: "host.privateKeyPath" });
    expect(error.message).toContain(words);
  });

  it("says what it tried when the host takes none of it", async () => {
    const error = await failureOf(whoAmI(keyless({ privateKeyPath: stranger.path, password: "wrong horse" })));

    expect(factsOf(error)).toEqual({ kind: "authentication", property: "host.privateKeyPath" });
    expect(error.message).toContain(`could not log in as root (tried: key ${stranger.path}, password`);
    expect(error.message).not.toContain("wrong horse");
  });

  it("says that there is nothing to log in with", async () => {
    const error = await failureOf(whoAmI(keyless({}), "/nonexistent"));

    expect(factsOf(error)).toEqual({ kind: "authentication", property: "host" });
    expect(error.message).toContain("could not log in as root (there was nothing to log in with");
    expect(error.message).toContain("give another key or a password in host.privateKeyPath or host.password");
  });

  it("takes the password when the key is not let in", async () => {
    expect(await whoAmI(keyless({ privateKeyPath: stranger.path, password: PASSWORD }))).toBe("root");
  });

  it("takes a key of the agent", async () => {
    agent.add(other.get("ecdsa")?.path ?? "");

    expect(await whoAmI(keyless({ agent: agent.socket }))).toBe("root");
  });

  it("goes on to the password when the agent does not answer", async () => {
    expect(await whoAmI(keyless({ agent: "/nonexistent/agent", password: PASSWORD }))).toBe("root");
  });

  it("tells that the agent did not answer when nothing else helps", async () => {
    const error = await failureOf(whoAmI(keyless({ agent: "/nonexistent/agent" })));

    expect(error.message).toContain("the agent at /nonexistent/agent did not answer");
  });

  it("offers the identity file's key first, of an agent that holds more than a server bears", async () => {
    const crowd = await startAgent(mkdtempSync(join(server.dir, "crowd-")));
    for (let index = 0; index < 12; index += 1) {
      crowd.add(makeKey(server.dir, `crowd_${index}`, "ed25519").path);
    }
    crowd.add(encrypted.path, "open sesame");
    const config = join(server.dir, "ssh_config_crowd");
    writeFileSync(config, `Host *\n  IdentityFile ${encrypted.path}\n`);

    const user = await whoAmI(keyless({ agent: crowd.socket, sshConfigPath: config }));
    await crowd.stop();

    expect(user).toBe("root");
  });

  it("offers no other key of the agent with IdentitiesOnly", async () => {
    const config = join(server.dir, "ssh_config_only");
    writeFileSync(config, `Host *\n  IdentitiesOnly yes\n  IdentityFile ${stranger.path}\n`);
    agent.add(other.get("ecdsa")?.path ?? "");

    const error = await failureOf(whoAmI(keyless({ agent: agent.socket, sshConfigPath: config })));

    expect(error.kind).toBe("authentication");
  });

  it("finds the default keys of the home folder", async () => {
    const home = join(server.dir, "operator");
    writeFileSync(join(home, ".ssh", "id_ed25519"), readFileSync(server.clientKey.path));

    expect(await whoAmI(keyless({}), home)).toBe("root");
  });
});

describe("a server that asks for the password interactively", () => {
  it("is answered once, with the password", async () => {
    const server = await startOpenSsh({
      settings: ["UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes"],
    });
    try {
      const connection = { ...server.connection({ password: PASSWORD }), privateKeyPath: undefined };
      const shell = await openShell(connection, { env: { homeDir: server.dir, variables: {} } });
      const result = await shell.run({ script: "id -un" });
      await shell.close();

      expect(result.stdout).toBe("root\n");
    } finally {
      await server.stop();
    }
  });
});
