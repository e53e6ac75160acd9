import { parseCommandLine } from "../model/kernel/command-line";
import type { BootChoice } from "./kernel/boot-loader";
import { BootFailure, chooseBootEntry } from "./kernel/boot-loader";
import { chooseOtherEntry } from "./loaders/other-loaders";
import type { Machine } from "./machine";
import type { HostFiles } from "./root/host-files";

/** How a start of the host ended: with a kernel, or not. */
export type BootResult =
  { readonly kind: "up"; readonly choice: BootChoice } | { readonly kind: "down"; readonly reason: string };

/** Most starts in a row that end in a panic before the host is left alone. */
const MOST_TRIES = 5;

/**
 * Starts the host from its files. A kernel whose line holds one of the panic words dies; with `panic=` on its line it
 * starts again, by then without a one-shot entry.
 */
export function startFromFiles(files: HostFiles, machine: Machine, panicWords: ReadonlySet<string>): BootResult {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    let choice: BootChoice;
    try {
      choice = chooseOtherEntry(files, machine) ?? chooseBootEntry(files, machine);
    } catch (error) {
      if (error instanceof BootFailure) return { kind: "down", reason: error.message };
      throw error;
    }
    const words = parseCommandLine(choice.commandLine);
    if (!words.some((word) => panicWords.has(word))) return { kind: "up", choice };
    if (!words.some((word) => word.startsWith("panic=")))
      return { kind: "down", reason: `kernel panic with: ${choice.commandLine}` };
  }
  return { kind: "down", reason: "every start ends in a kernel panic" };
}
