import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { HostSettings } from "pulumi-passthrough";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { guide, isDebug, useStage } from "./stage";
import type { EngineRun, PulumiWorkspace } from "./workspace";

const PASSPHRASE = "passphrase-7f1d";
const SUDO_PASSWORD = "sudo-password-93ab";
const LOGIN_PASSWORD = "login-password-c04e";
/** Stands in the XML of the simulated host's guest. */
const CONSOLE_PASSWORD = "s3cret";

/** Encrypts a private key, as a careful user's is. */
function encryptKey(privateKey: string): string {
  const folder = mkdtempSync(join(tmpdir(), "passthrough-key-"));
  try {
    const file = join(folder, "key");
    writeFileSync(file, privateKey, { mode: 0o600 });
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", file]);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The lines of a key that are its own: no key of the same kind shares them. */
function linesOfKey(privateKey: string): string[] {
  return privateKey.split("\n").slice(2, -3);
}

/** Every file below a folder, without those that packages are linked to. */
function readFolder(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

/**
 * All that a run shows. Pulumi's SDK writes each answer of the engine, secrets included, into debug messages of its own, for
 * every provider alike; they are seen with `pulumi --debug` only.
 */
function allOf(run: EngineRun): string {
  const events = run.events.filter(({ diagnosticEvent }) => !isDebug(diagnosticEvent));
  return `${run.text}\n${JSON.stringify(events)}`;
}

describe("secrets", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;
  let connection: HostSettings;
  let secrets: string[];

  function findLeaks(text: string): string[] {
    return secrets.filter((secret) => text.includes(secret));
  }

  beforeAll(async () => {
    [host, workspace] = await Promise.all([
      startHost({ user: "operator", sudo: { password: SUDO_PASSWORD }, password: LOGIN_PASSWORD }),
      openWorkspace(),
    ]);
    const privateKey = encryptKey(host.connection.privateKey ?? "");
    connection = {
      ...host.connection,
      privateKey,
      passphrase: PASSPHRASE,
      password: LOGIN_PASSWORD,
      sudo: { password: SUDO_PASSWORD },
    };
    secrets = [PASSPHRASE, SUDO_PASSWORD, LOGIN_PASSWORD, CONSOLE_PASSWORD, ...linesOfKey(privateKey)];
  });

  it("are in no output, no event and no file of a preview, an up, a refresh and a second up", async () => {
    const runs = [
      await workspace.preview(guide(connection), { diff: true }),
      await workspace.up(guide(connection), { diff: true }),
      await workspace.refresh(),
      await workspace.preview(guide(connection, { iommu: { mode: "translated" } }), { diff: true }),
      await workspace.up(guide(connection), { expectNoChanges: true }),
    ];

    expect(findLeaks(runs.map(allOf).join("\n"))).toEqual([]);
    expect(findLeaks(readFolder(workspace.folder))).toEqual([]);
    expect(host.domainXml("win11", { withSecrets: true })).toContain(CONSOLE_PASSWORD);
  });

  it("are encrypted in the state, each by itself", () => {
    const state = readFolder(join(workspace.folder, "state"));

    expect(state).toContain('"ciphertext":');
    expect(state).not.toContain('"privateKey"');
  });

  it.each<[string, (good: HostSettings) => HostSettings, string]>([
    ["a wrong passphrase", (good) => ({ ...good, passphrase: "wrong-1b22", password: undefined }), "wrong-1b22"],
    ["a wrong password of sudo", (good) => ({ ...good, sudo: { password: "wrong-77aa" } }), "wrong-77aa"],
    ["a setting that is none", (good) => ({ ...good, prot: 22 }), "prot"],
    ["a key that is none", (good) => ({ ...good, privateKey: "no-key-5d5d" }), "no-key-5d5d"],
  ])("are in no message about %s", async (_what, spoil, wrong) => {
    const run = await workspace.preview(guide(spoil(connection)), { diff: true, expectFailure: true });

    const isNamed = wrong === "prot";
    expect(findLeaks(allOf(run))).toEqual([]);
    expect(allOf(run).includes(wrong)).toBe(isNamed);
    expect(run.text).toMatch(/operator@127\.0\.0\.1|host/);
  });

  it("are in no message about another input that is wrong", async () => {
    const run = await workspace.preview(guide(connection, { device: "0000:03:00.0" }), { expectFailure: true });

    expect(run.text).toContain("ssh-session");
    expect(findLeaks(allOf(run))).toEqual([]);
  });

  it("are in no message about a change that fails", async () => {
    host.faults.failTool("grub-script-check", { stderr: "syntax error\n" });
    const run = await workspace.up(guide(connection, { iommu: { mode: "translated" } }), { expectFailure: true });
    host.faults.clear();

    expect(run.text).toContain("taken back");
    expect(findLeaks(allOf(run))).toEqual([]);
    expect(findLeaks(readFolder(workspace.folder))).toEqual([]);
  });

  it("are there again for a destroy, which has only the state", async () => {
    const run = await workspace.destroy();

    expect(run.changes).toEqual({ delete: 4 });
    expect(host.driverOf("0000:01:00.0")).toBe("nouveau");
    expect(findLeaks(allOf(run))).toEqual([]);
  });
});
