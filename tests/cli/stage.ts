import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { useHome, type UserHome } from "../user-home";
import { loadProgram } from "../user-program";

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

/** A home whose ssh knows hosts by names, and the command that runs there. */
export interface CliStage extends UserHome {
  /** Runs the built command in a process of its own. */
  readonly passthrough: (words: readonly string[], options?: CommandOptions) => Promise<CommandRun>;
}

/** Prepares the home, and ends all hosts after the last test. */
export function useCli(): CliStage {
  const user = useHome();
  return { ...user, passthrough: (words, options = {}) => run(words, user.home(), options) };
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

/** The program of a project; `edit` is what its owner changes. */
export async function readProgram(folder: string, edit = (text: string): string => text): Promise<PulumiFn> {
  return loadProgram(edit(await readFile(join(folder, "index.ts"), "utf8")));
}
