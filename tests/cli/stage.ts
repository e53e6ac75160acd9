import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, jest } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { transformSync } from "@swc/core";
import * as passthrough from "pulumi-passthrough";
import { SimulatedHost, type Machine, type MachineName, type SimulatedHostOptions } from "pulumi-passthrough/testing";

const COMMAND = resolve(__dirname, "../../dist/cli/main.js");

/** What a run of the command left behind. */
export interface CommandRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** The program to run. Default: the one that this checkout has built. */
  readonly command?: string;
  /** Called with the process once it runs. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** A home with an ssh config in which simulated hosts have names, for the tests of a file. */
export interface CliStage {
  /** Folder of the home. */
  readonly home: () => string;
  /** Gives a machine that is there already a name for ssh. */
  readonly introduce: (name: string, machine: NamedMachine) => Promise<void>;
  /** Starts a host that ssh knows by a name. */
  readonly startHost: (name: string, machine: MachineName | Machine, options?: HostStart) => Promise<SimulatedHost>;
  /** Runs the built command in a process of its own. */
  readonly passthrough: (words: readonly string[], options?: CommandOptions) => Promise<CommandRun>;
}

/** What ssh has to know of a machine. */
export interface NamedMachine {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyPath: string;
  /** Its key for known_hosts. Default: none, so that it is a stranger. */
  readonly hostKey?: string;
}

/** What a host may differ in. */
export interface HostStart extends Omit<SimulatedHostOptions, "machine"> {
  /** Whether known_hosts has its key. Default: true. */
  readonly isKnown?: boolean;
}

/** Prepares the home, and ends all hosts after the last test. */
export function useCli(): CliStage {
  const hosts: SimulatedHost[] = [];
  let home = "";
  beforeAll(async () => {
    home = await mkdtemp(join(os.tmpdir(), "passthrough-cli-"));
    await mkdir(join(home, ".ssh"));
    await writeFile(join(home, ".ssh", "known_hosts"), "");
    // Programs that run in this process name their hosts as a user would, too.
    jest.spyOn(os, "homedir").mockReturnValue(home);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await Promise.all(hosts.map((host) => host.stop()));
    await rm(home, { recursive: true, force: true });
  });
  return {
    home: () => home,
    introduce: (name, machine) => introduce(home, name, machine),
    startHost: async (name, machine, { isKnown = true, ...options } = {}) => {
      const host = await SimulatedHost.start({ machine, rebootMs: 20, ...options });
      hosts.push(host);
      const { address, port = 22, user = "root", privateKey = "", hostKey } = host.connection;
      const privateKeyPath = join(home, ".ssh", `${name}.key`);
      await writeFile(privateKeyPath, privateKey, { mode: 0o600 });
      const known = isKnown ? { hostKey: [hostKey].flat()[0] ?? "" } : {};
      await introduce(home, name, { address, port, user, privateKeyPath, ...known });
      return host;
    },
    passthrough: (words, options = {}) => run(words, home, options),
  };
}

async function introduce(home: string, name: string, machine: NamedMachine): Promise<void> {
  const { address, port, user, privateKeyPath, hostKey } = machine;
  const settings = [
    `HostName ${address}`,
    `Port ${port}`,
    `User ${user}`,
    `IdentityFile ${privateKeyPath}`,
    "IdentityAgent none",
  ];
  await writeFile(join(home, ".ssh", "config"), `Host ${name}\n  ${settings.join("\n  ")}\n`, { flag: "a" });
  if (hostKey === undefined) return;
  await writeFile(join(home, ".ssh", "known_hosts"), `[${address}]:${port} ${hostKey}\n`, { flag: "a" });
}

function run(words: readonly string[], home: string, options: CommandOptions): Promise<CommandRun> {
  const { environment = {}, folder = home, command = COMMAND, onStart } = options;
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, ...environment };
  const child = spawn(command, words, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  onStart?.(child);
  return new Promise((done, fail) => {
    child.once("error", fail).once("close", (exitCode) => {
      done({ exitCode, ...texts });
    });
  });
}

/** The program of a project, run anew at each call; `edit` is what its owner changes. */
export async function readProgram(folder: string, edit = (text: string): string => text): Promise<PulumiFn> {
  const source = edit(await readFile(join(folder, "index.ts"), "utf8"));
  const { code } = transformSync(source, {
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
  });
  const modules: Readonly<Record<string, unknown>> = { "@pulumi/pulumi": pulumi, "pulumi-passthrough": passthrough };
  return () => {
    const exports: Record<string, unknown> = {};
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a program that our own command wrote; Node's loader would keep its first run
    const load = new Function("require", "exports", code) as (
      require: (id: string) => unknown,
      exports: object,
    ) => void;
    load((id) => modules[id], exports);
    return Promise.resolve(exports);
  };
}
