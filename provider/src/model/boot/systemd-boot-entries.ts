import type { BootFacts, HostFile } from "../host-facts";
import { parseBlsEntry } from "./bls-entry";
import { compareEntries, type OrderedEntry } from "./systemd-boot-order";

/** An entry file of systemd-boot that starts a Linux kernel. */
export interface EntryFile extends OrderedEntry {
  readonly file: HostFile;
  readonly words: readonly string[];
}

/** Name of the entry of a trial boot; the two signs before its letters sort it behind every other. */
export const TRIAL_ENTRY = "_-passthrough-trial.conf";

const ENTRY = /^(\/boot|\/boot\/efi|\/efi)\/loader\/entries\/([^/]+)\.conf$/;

/** The Linux entries on the boot partitions, in the order of the menu; that of a trial is not among them. */
export function listEntryFiles(boot: BootFacts): EntryFile[] {
  return listFiles(boot)
    .map((file) => readEntry(file))
    .filter((entry) => entry !== undefined)
    .sort(compareEntries);
}

function listFiles(boot: BootFacts): HostFile[] {
  const partitions = boot.bootPartitions ?? [];
  return boot.files.filter(({ path }) => {
    const [, folder = "", name] = ENTRY.exec(path) ?? [];
    const isRead = partitions.length === 0 || partitions.includes(folder);
    return name !== undefined && isRead && `${name}.conf` !== TRIAL_ENTRY;
  });
}

function readEntry(file: HostFile): EntryFile | undefined {
  const { kernel, version, words } = parseBlsEntry(file.text ?? "linux unreadable");
  if (kernel === undefined) return undefined;
  const name = file.path.slice(file.path.lastIndexOf("/") + 1).toLowerCase();
  const [, stem = name, left] = /^(.*?)(?:\+(\d+)(?:-\d+)?)?\.conf$/.exec(name) ?? [];
  return {
    file,
    words,
    id: `${stem}.conf`,
    sortKey: readKey(file, "sort-key"),
    machineId: readKey(file, "machine-id") ?? "",
    version: version ?? "",
    isSpent: left !== undefined && Number(left) === 0,
  };
}

function readKey(file: HostFile, key: string): string | undefined {
  return new RegExp(`^\\s*${key}\\s+(\\S.*?)\\s*$`, "m").exec(file.text ?? "")?.[1];
}

/** The entry that the host boots by itself: what the firmware's variable names, then loader.conf, then the first. */
export function findDefaultEntry(boot: BootFacts): EntryFile | undefined {
  const entries = listEntryFiles(boot);
  const settings = boot.files.find(({ path }) => path.endsWith("/loader/loader.conf"))?.text ?? "";
  const configured = /^\s*default\s+(\S+)/m.exec(settings)?.[1];
  for (const pattern of [boot.loaderVariables?.defaultEntry, configured]) {
    const found = pattern === undefined ? undefined : entries.find(({ id }) => isMatch(pattern.toLowerCase(), id));
    if (found !== undefined) return found;
  }
  return entries[0];
}

/** Shell patterns without folders, as systemd-boot knows them. */
function isMatch(pattern: string, id: string): boolean {
  const source = pattern
    .replace(/[\\^$+.(){}|]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  try {
    return new RegExp(`^${source}$`).test(id);
  } catch {
    // A bracket that is never closed matches nothing, here as there.
    return false;
  }
}

/** The entries of the installation that the default entry belongs to; those of other systems have lines of their own. */
export function listOwnEntries(boot: BootFacts): EntryFile[] {
  const first = findDefaultEntry(boot);
  if (first === undefined) return [];
  const others = listEntryFiles(boot).filter((entry) => entry.file !== first.file && isSameSystem(entry, first));
  return [first, ...others.filter((entry) => !isRescue(entry))];
}

function isSameSystem(entry: EntryFile, first: EntryFile): boolean {
  if (entry.machineId !== "" && first.machineId !== "") return entry.machineId === first.machineId;
  return rootOf(entry) === rootOf(first);
}

function rootOf({ words }: EntryFile): string | undefined {
  return words.findLast((word) => word.startsWith("root="));
}

/** What is made for emergencies keeps its old line, as a way back. */
function isRescue({ id, words }: EntryFile): boolean {
  const targets = ["single", "rescue", "emergency", "systemd.unit=rescue.target", "systemd.unit=emergency.target"];
  return /-0-rescue(-|\.)/.test(id) || words.some((word) => targets.includes(word));
}
