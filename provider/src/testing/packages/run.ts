import type { ToolAnswer, ToolCall } from "../calls";
import type { HostPackages } from "./host-packages";

/** What a run of a package manager may do to the host around it. */
export interface RunContext {
  readonly packages: HostPackages;
  readonly killCommand: (pid: number) => void;
  readonly cutPower: () => void;
  /** Who holds the lock of the package manager, in words; undefined: nobody. */
  readonly lockHolder: () => { readonly name: string; readonly pid: number } | undefined;
}

/** Nobody is left to be answered. */
export class Interrupted extends Error {}

/** Unpacks and configures packages; the answer names the one whose scripts failed. */
export function installAll(context: RunContext, call: ToolCall, names: readonly string[]): string | undefined {
  for (const name of names) if (!context.packages.states.has(name)) context.packages.unpack(name);
  return configureAll(context, call, names);
}

/** Configures what is unpacked. */
export function configureAll(context: RunContext, call: ToolCall, names: readonly string[]): string | undefined {
  const { packages } = context;
  for (const name of names) {
    const { interruption } = packages;
    if (interruption?.package === name) {
      packages.interruption = undefined;
      if (interruption.action === "kill") context.killCommand(call.pid);
      else context.cutPower();
      throw new Interrupted();
    }
    if (!packages.configure(name)) return name;
  }
  return undefined;
}

/** Words of a call without its options; of those in `valued`, the word behind goes too. */
export function takeOptions(
  words: readonly string[],
  valued: readonly string[],
): { readonly flags: readonly string[]; readonly operands: readonly string[] } {
  const flags: string[] = [];
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (!word.startsWith("-")) operands.push(word);
    else {
      flags.push(word);
      if (valued.includes(word)) flags.push(words[++i] ?? "");
    }
  }
  return { flags, operands };
}

export function fail(status: number, stderr: string, stdout = ""): ToolAnswer {
  return { status, stderr: `${stderr}\n`, stdout };
}

export function say(rows: readonly string[], status = 0): ToolAnswer {
  return { status, stdout: rows.map((row) => `${row}\n`).join("") };
}
