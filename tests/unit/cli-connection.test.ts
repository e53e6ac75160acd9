import { resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { UsageError } from "../../provider/src/cli/failure";
import { readConnection, type HostOptions } from "../../provider/src/cli/host-options";
import { Code } from "../../provider/src/cli/init/declaration";
import { writeConnection } from "../../provider/src/cli/init/render-connection";
import { renderValue } from "../../provider/src/cli/init/render-value";
import { readSecrets } from "../../provider/src/cli/secrets";

const NONE: HostOptions = { agent: true, connectUri: "qemu:///system" };

describe("a connection of the command line", () => {
  it("is the name alone where nothing else is said, so that the ssh config decides", () => {
    expect(readConnection("kvm1", NONE, {})).toBe("kvm1");
  });

  it("takes from the options what HOST does not say itself", () => {
    const options = { ...NONE, user: "admin", port: 2222, jump: "gate,inner", agent: false };

    expect(readConnection("kvm1:22", options, {})).toEqual({
      ...{ address: "kvm1", port: 22, user: "admin", agent: false },
      jumpHost: ["gate", "inner"],
    });
  });

  it("names files so that they are found from another folder, where a written program runs", () => {
    const options = { ...NONE, identity: "keys/kvm1", sshConfig: "ssh_config", knownHosts: "~/known" };

    expect(readConnection("kvm1", options, {})).toEqual({
      address: "kvm1",
      privateKeyPath: resolve("keys/kvm1"),
      sshConfigPath: resolve("ssh_config"),
      knownHostsPath: "~/known",
    });
    expect(readConnection("kvm1", { ...NONE, sshConfig: "none" }, {})).toEqual({
      address: "kvm1",
      sshConfigPath: "none",
    });
  });

  it("has no jump hosts when told so", () => {
    expect(readConnection("kvm1", { ...NONE, jump: "none" }, {})).toEqual({ address: "kvm1", jumpHost: [] });
  });

  it.each<[what: string, options: Partial<HostOptions>, expected: unknown]>([
    ["without", { sudo: true }, true],
    ["with", { sudo: true }, { password: "pw" }],
    ["that was asked for, with", { askSudoPassword: true }, { password: "pw" }],
  ])("uses sudo %s a password", (what, options, expected) => {
    const secrets = what === "without" ? {} : { sudoPassword: "pw" };

    expect(readConnection("kvm1", { ...NONE, ...options }, secrets)).toMatchObject({ sudo: expected });
  });

  it("does not use sudo because there is a password for it", () => {
    expect(readConnection("kvm1", NONE, { sudoPassword: "pw" })).toBe("kvm1");
  });

  it.each<[host: string, options: Partial<HostOptions>, said: string]>([
    ["a b", {}, "does not name a host"],
    ["kvm1", { port: 70_000 }, "--port: "],
    ["kvm1", { jump: "a b" }, "--jump: "],
    ["kvm1", { hostKey: ["abc"] }, "--host-key: "],
  ])("is refused for %j with %j", (host, options, said) => {
    expect(() => readConnection(host, { ...NONE, ...options }, {})).toThrow(UsageError);
    expect(() => readConnection(host, { ...NONE, ...options }, {})).toThrow(said);
  });
});

describe("secrets", () => {
  it("come from the environment, or from a person where one is to be asked", async () => {
    const asked: string[] = [];
    function ask(question: string): Promise<string> {
      asked.push(question);
      return Promise.resolve("typed");
    }

    const secrets = await readSecrets(
      { askPassword: true, askSudoPassword: true },
      { environment: { PASSTHROUGH_PASSWORD: "given", PASSTHROUGH_PASSPHRASE: "" }, ask },
    );

    expect(secrets).toEqual({ password: "given", sudoPassword: "typed" });
    expect(asked).toEqual(["Password for sudo: "]);
  });

  it("become settings of the stack in a program", () => {
    const { value, secrets } = writeConnection({ address: "kvm1", password: "a", sudo: { password: "b" } });

    expect(secrets).toEqual(["password", "sudoPassword"]);
    expect(renderValue(value)).toContain('  sudo: { password: config.requireSecret("sudoPassword") },\n');
    expect(renderValue(value)).toContain('  password: config.requireSecret("password"),\n');
  });
});

describe("values in a program", () => {
  it.each([
    [{ host: new Code("host"), device: { address: "0000:01:00.0" } }, '{ host, device: { address: "0000:01:00.0" } }'],
    [{ "odd key": ["it's", 'a "quote"'] }, '{ "odd key": ["it\'s", "a \\"quote\\""] }'],
    [{}, "{}"],
  ])("are written as TypeScript: %j", (value, expected) => {
    expect(renderValue(value)).toBe(expected);
  });

  it("take several lines where one is too short", () => {
    const devices = Array.from({ length: 9 }, (_, i) => `0000:0${i}:00.0`);

    expect(renderValue({ devices }).split("\n")).toHaveLength(13);
  });
});
