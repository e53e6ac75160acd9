import type { ChangeStep } from "../../change";
import type { HostFacts } from "../../host-facts";
import type { BootRefusal, TrialEntry } from "../loaders/loader";
import { findDefaultEntry, listEntryFiles, TRIAL_ENTRY } from "../systemd-boot-entries";

/** `EFI_LOADER_FEATURE_ENTRY_ONESHOT` of the Boot Loader Interface. */
const ONE_SHOT = 8;

/** The first systemd-boot that orders its menu as `compareEntries` does; older ones take the last entry as default. */
const OLDEST_VERSION = 250;

/**
 * Adds an entry file of our own, which is never the default by its place in the menu: it has no sort key, and its name is
 * older than any other. systemd-boot clears the one-shot choice before it starts the kernel.
 */
export function planSystemdBootTrial(facts: HostFacts, words: readonly string[]): TrialEntry | BootRefusal {
  const refusal = explainNoTrial(facts);
  if (refusal !== undefined) return { refused: refusal };
  const entry = findDefaultEntry(facts.boot);
  const { bootctl } = facts.boot.tools;
  if (entry?.file.text === undefined) return { refused: "no entry of this system can be read" };
  if (bootctl === undefined) return { refused: "bootctl is missing, which chooses an entry for the next boot" };
  const path = `${entry.file.path.slice(0, entry.file.path.lastIndexOf("/"))}/${TRIAL_ENTRY}`;
  return {
    steps: [
      { kind: "write", path, text: renderEntry(entry.file.text, words) },
      { kind: "boot-once", choice: { loader: "systemd-boot", tool: bootctl }, entry: TRIAL_ENTRY },
    ],
    descriptions: [`add the entry ${path} and choose it for the next boot only`],
  };
}

/** Removes the entry, and the choice where the boot has not done so. */
export function clearSystemdBootTrial({ boot }: HostFacts): readonly ChangeStep[] {
  const isChosen = boot.loaderVariables?.oneShotEntry?.toLowerCase() === TRIAL_ENTRY;
  const { bootctl } = boot.tools;
  const files = boot.files.filter(({ path }) => path.endsWith(`/loader/entries/${TRIAL_ENTRY}`));
  return [
    ...(isChosen && bootctl !== undefined
      ? [{ kind: "clear-boot-once" as const, choice: { loader: "systemd-boot" as const, tool: bootctl } }]
      : []),
    ...files.map(({ path }) => ({ kind: "remove" as const, path })),
  ];
}

function explainNoTrial({ boot }: HostFacts): string | undefined {
  const { info = "", features = 0, oneShotEntry } = boot.loaderVariables ?? {};
  const version = Number(/^systemd-boot (\d+)/.exec(info)?.[1] ?? 0);
  if (version < OLDEST_VERSION)
    return `the boot loader is ${info === "" ? "not known" : info}; only systemd-boot ${OLDEST_VERSION} and newer have an order of entries in which the trial's is certain not to be the default`;
  if ((features & ONE_SHOT) === 0)
    return `${info} says (LoaderFeatures) that it knows no choice for the next boot only`;
  if (oneShotEntry !== undefined && oneShotEntry.toLowerCase() !== TRIAL_ENTRY)
    return `the entry ${oneShotEntry} is chosen for the next boot already (bootctl set-oneshot ""), and a trial would take its place`;
  const rival = listEntryFiles(boot).find(({ id, sortKey }) => sortKey === undefined && !/^[a-z0-9]/.test(id));
  if (rival !== undefined)
    return `the name of ${rival.file.path} begins with a sign, so the trial's entry might come before it and be the default; rename it`;
  return undefined;
}

/** The entry that the host boots by itself with other words: what is tried must differ from it by its words only. */
function renderEntry(text: string, words: readonly string[]): string {
  const kept = text
    .split("\n")
    .filter((line) => !/^\s*(options|sort-key|title)\s/.test(line) && line.trim() !== "" && !line.startsWith("#"));
  return ["title Trial boot", ...kept, `options ${words.join(" ")}`, ""].join("\n");
}
