import type { BootEntry, HostFile } from "../host-facts";
import { parseBlsEntry } from "./bls-entry";
import { expandWords } from "./grub-environment";

/** Folder of the boot loader entries. */
export const ENTRIES = "/boot/loader/entries/";

/** Whether a file is an entry for the rescue image, which stays as a way back. */
export function isRescueEntry(path: string): boolean {
  return /-0-rescue(-|\.)/.test(path);
}

/** The entries of the menu that `blscfg` makes, with the words that GRUB would hand to the kernel. */
export function listBlsEntries(files: readonly HostFile[], values: Readonly<Record<string, string>>): BootEntry[] {
  return files.flatMap(({ path, text }) => {
    if (!path.startsWith(ENTRIES) || text === undefined) return [];
    const { title, kernel, words } = parseBlsEntry(text);
    if (kernel === undefined) return [];
    const id = path.slice(ENTRIES.length).replace(/\.conf$/, "");
    return [{ title, id, commandLine: expandWords(words, values).join(" "), isRecovery: isRescueEntry(path) }];
  });
}
