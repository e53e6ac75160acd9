import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostSettings } from "../../provider/src/model/connection";
import { openShell } from "../../provider/src/transport/shell";
import { factsOf, failureOf } from "./failures";
import { type KeyPair, makeKey, runTool } from "./keys";
import { type SshServer, startDropbear, startOpenSsh } from "./servers";

describe.each([
  ["OpenSSH", startOpenSsh],
  ["Dropbear", startDropbear],
])("the host key of %s", (_name, start) => {
  let server: SshServer;
  let foreign: KeyPair;
  let files = 0;

  beforeAll(async () => {
    server = await start({ hostKeyTypes: ["ed25519", "rsa", "ecdsa"] });
    foreign = makeKey(server.dir, "foreign", "ed25519");
  });

  afterAll(() => server.stop());

  function hostKey(type: string): KeyPair {
    const found = server.hostKeys.find((key) => key.path.endsWith(type));
    if (found === undefined) throw new Error(`the server has no ${type} key`);
    return found;
  }

  function writeKnownHosts(lines: readonly string[]): string {
    files += 1;
    const path = join(server.dir, `known_hosts_${files}`);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
    return path;
  }

  function unchecked(changes: Partial<HostSettings>): HostSettings {
    return { ...server.connection(), hostKey: undefined, ...changes };
  }

  async function connect(connection: HostSettings): Promise<string> {
    const shell = await openShell(connection, { env: { globalKnownHosts: [] } });
    await shell.close();
    return "connected";
  }

  it("is refused when unknown, with the fingerprint and a line that makes it known", async () => {
    const knownHostsPath = writeKnownHosts([]);

    const error = await failureOf(connect(unchecked({ knownHostsPath })));
    const line = error.message.split("\n").find((text) => text.startsWith("[127.0.0.1]")) ?? "";
    writeFileSync(knownHostsPath, `${line}\n`);

    expect(factsOf(error)).toEqual({ kind: "host-key-unknown", property: "host.hostKey" });
    expect(error.message).toContain(hostKey("ed25519").fingerprint);
    expect(error.message).toContain(knownHostsPath);
    expect(await connect(unchecked({ knownHostsPath }))).toBe("connected");
  });

  it.each(["ed25519", "rsa", "ecdsa"])("is accepted when known_hosts has only the %s key", async (type) => {
    const knownHostsPath = writeKnownHosts([`[127.0.0.1]:${server.port} ${hostKey(type).publicKey}`]);

    expect(await connect(unchecked({ knownHostsPath }))).toBe("connected");
  });

  it("is accepted under a name that ssh-keygen has hashed", async () => {
    const knownHostsPath = writeKnownHosts([`[127.0.0.1]:${server.port} ${hostKey("ecdsa").publicKey}`]);
    runTool("openssh-client", "ssh-keygen", ["-q", "-H", "-f", knownHostsPath]);

    expect(await connect(unchecked({ knownHostsPath }))).toBe("connected");
  });

  it("is accepted under the name without a port", async () => {
    const knownHostsPath = writeKnownHosts([`127.0.0.1 ${hostKey("ed25519").publicKey}`]);

    expect(await connect(unchecked({ knownHostsPath }))).toBe("connected");
  });

  it("is looked up under HostKeyAlias", async () => {
    const knownHostsPath = writeKnownHosts([`kvm1.example ${hostKey("ed25519").publicKey}`]);
    const sshConfigPath = join(server.dir, "ssh_config_alias");
    writeFileSync(sshConfigPath, "Host 127.0.0.1\n  HostKeyAlias kvm1.example\n");

    expect(await connect(unchecked({ knownHostsPath, sshConfigPath }))).toBe("connected");
  });

  it("is refused when it has changed, naming the line that knows another", async () => {
    const knownHostsPath = writeKnownHosts(["# a comment", `[127.0.0.1]:${server.port} ${foreign.publicKey}`]);

    const error = await failureOf(connect(unchecked({ knownHostsPath })));

    expect(factsOf(error)).toEqual({ kind: "host-key-mismatch", property: "host.hostKey" });
    expect(error.message).toContain(`${knownHostsPath}:2`);
    expect(error.message).toContain(foreign.fingerprint);
    expect(error.message).toContain(hostKey("ed25519").fingerprint);
  });

  it("is refused when it is revoked, even if the input names it", async () => {
    const name = `[127.0.0.1]:${server.port}`;
    const { publicKey } = hostKey("ed25519");
    const knownHostsPath = writeKnownHosts([`${name} ${publicKey}`, `@revoked * ${publicKey}`]);

    const error = await failureOf(connect(unchecked({ knownHostsPath, hostKey: publicKey })));

    expect(factsOf(error)).toEqual({ kind: "host-key-revoked", property: "host.hostKey" });
    expect(error.message).toContain(`${knownHostsPath}:2`);
  });

  it.each(["ed25519", "rsa", "ecdsa"])("is accepted when the input has the %s key", async (type) => {
    expect(await connect(unchecked({ hostKey: `${hostKey(type).publicKey} comment` }))).toBe("connected");
  });

  it("is accepted when the input has it beside another", async () => {
    const hostKeys = [foreign.publicKey, hostKey("ed25519").publicKey];

    expect(await connect(unchecked({ hostKey: hostKeys }))).toBe("connected");
  });

  it("is accepted by its fingerprint", async () => {
    expect(await connect(unchecked({ hostKey: hostKey("ed25519").fingerprint }))).toBe("connected");
  });

  it("is refused when the input has another, whatever known_hosts says", async () => {
    const knownHostsPath = writeKnownHosts([`[127.0.0.1]:${server.port} ${hostKey("ed25519").publicKey}`]);

    const error = await failureOf(connect(unchecked({ knownHostsPath, hostKey: foreign.fingerprint })));

    expect(factsOf(error)).toEqual({ kind: "host-key-mismatch", property: "host.hostKey" });
    expect(error.message).toContain("type");
  });
});
