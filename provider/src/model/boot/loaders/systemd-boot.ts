import type { ChangeStep } from "../../change";
import type { BootFacts, HostFile } from "../../host-facts";
import type { KernelArgumentEdit } from "../../kernel/command-line";
import { editCommandLine } from "../../kernel/edit";
import { editBlsEntry, parseBlsEntry } from "../bls-entry";
import { editKernelCommandLineFile } from "../kernel-cmdline-file";
import type { TextEdit } from "../line-change";
import { type EntryFile, listOwnEntries } from "../systemd-boot-entries";
import { clearSystemdBootTrial, planSystemdBootTrial } from "../trial/systemd-boot-trial";
import {
  describeByHand,
  extendUndo,
  requireText,
  restoreFile,
  type BootChange,
  type BootLoader,
  type BootRefusal,
  type FileUndo,
} from "./loader";

/** What kernel-install gives to the entries of future kernels. */
const SETTINGS = "/etc/kernel/cmdline";
const VENDOR_SETTINGS = "/usr/lib/kernel/cmdline";

/**
 * systemd-boot with an entry file a kernel, on the EFI system partition or XBOOTLDR. The entries are what boots and are
 * edited directly; the settings of an unused GRUB are left alone.
 */
export const systemdBoot: BootLoader = {
  name: "systemd-boot",
  isUsed: ({ boot }) =>
    boot.loaderVariables?.info?.startsWith("systemd-boot") === true && boot.loaderVariables.stub === undefined,
  plan: (boot, edit, prior) =>
    change(boot, edit, prior, {
      entry: (file, text) => editFile(file, text, edit),
      settings: (file, text) => editFile(file, text, edit),
      missing: () => newSettings(boot, edit),
    }),
  restore: (boot, edit, undo) =>
    change(boot, edit, [], {
      entry: (file, text) => restoreText(file, text, edit, undo),
      settings: (file, text) => (isOurs(text, undo) ? { remove: true } : restoreText(file, text, edit, undo)),
      missing: () => undefined,
    }),
  planTrial: planSystemdBootTrial,
  clearTrial: clearSystemdBootTrial,
};

type Rewritten = TextEdit | { readonly remove: true };

interface Rewriting {
  readonly entry: (file: HostFile, text: string) => TextEdit;
  readonly settings: (file: HostFile, text: string) => Rewritten;
  /** Text of the settings where the host has none. */
  readonly missing: () => string | undefined;
}

function editFile(file: HostFile, text: string, edit: KernelArgumentEdit): TextEdit {
  if (file.path !== SETTINGS) return editBlsEntry(text, edit);
  // An empty line would boot nothing; whoever wrote it has other plans for it than words of ours.
  return text.trim() === "" ? { text } : editKernelCommandLineFile(text, edit);
}

function restoreText(file: HostFile, text: string, edit: KernelArgumentEdit, undo: readonly FileUndo[]): TextEdit {
  const restored = restoreFile(text, file.path, undo);
  if (restored.isComplete) return { text: restored.text };
  // Settings that we never changed lack nothing of ours; an entry may be that of a newer kernel.
  const isKnown = file.path !== SETTINGS || undo.some((line) => line.path === file.path);
  return editFile(file, restored.text, isKnown ? edit : { ...edit, present: [] });
}

/** We never write into an empty file, so where nothing was before us there was no file. */
function isOurs(text: string, undo: readonly FileUndo[]): boolean {
  return undo.some((line) => line.path === SETTINGS && line.before === "" && line.after === text);
}

/**
 * Without the file, kernel-install copies the line of the running kernel into the entry of a new one. Until the reboot that
 * is the old line, during a trial the trial's, after a delete still ours. So the file is made, from the entry that boots.
 */
function newSettings(boot: BootFacts, edit: KernelArgumentEdit): string | undefined {
  const [first] = listOwnEntries(boot);
  const isInstalled = "kernel-install" in boot.tools && first !== undefined && first.machineId !== "";
  if (!isInstalled || boot.files.some(({ path }) => path === SETTINGS)) return undefined;
  const vendor = boot.files.find(({ path }) => path === VENDOR_SETTINGS)?.text;
  if (vendor !== undefined) return `${editCommandLine(vendor.split(/\s+/).filter(Boolean), edit).join(" ")}\n`;
  return `${editCommandLine(first.words, edit).join(" ")}\n`;
}

function change(
  boot: BootFacts,
  edit: KernelArgumentEdit,
  prior: readonly FileUndo[],
  rewriting: Rewriting,
): BootChange | BootRefusal {
  const entries = listOwnEntries(boot);
  const [first] = entries;
  if (first === undefined)
    return {
      refused: `systemd-boot booted this host, and no entry for Linux is found in loader/entries of /boot, /boot/efi or /efi; is its partition mounted? ${describeByHand(edit)}`,
    };
  if ("kernelstub" in boot.tools)
    return {
      refused: `kernelstub writes the entries anew from its own settings; ${describeByHand(edit)}, with kernelstub`,
    };
  const steps: ChangeStep[] = [];
  const undo: FileUndo[] = [];
  const settings = boot.files.find(({ path }) => path === SETTINGS);
  // What boots comes first: an interruption then leaves at most the future kernels to be done.
  for (const file of [...entries.map((entry) => entry.file), ...(settings === undefined ? [] : [settings])]) {
    const text = requireText(file);
    if (typeof text !== "string") return text;
    const edited = file === settings ? rewriting.settings(file, text) : rewriting.entry(file, text);
    if ("refused" in edited) return { refused: `${file.path}: ${edited.refused}` };
    if ("remove" in edited) steps.push({ kind: "remove", path: file.path });
    else {
      if (edited.text !== text) steps.push({ kind: "write", path: file.path, text: edited.text });
      if (!isNewer(file, prior)) undo.push(...extendUndo(prior, file.path, edited.replacedLine));
    }
  }
  const made = rewriting.missing();
  if (made !== undefined) {
    steps.push({ kind: "write", path: SETTINGS, text: made });
    undo.push({ path: SETTINGS, before: "", after: made });
  }
  return {
    steps,
    descriptions: steps.flatMap((step) => describe(step, made)),
    undo,
    before: first.words.join(" "),
    after: wordsAfter(steps, first).join(" "),
    warnings: [],
  };
}

function describe(step: ChangeStep, made: string | undefined): string[] {
  if (step.kind === "remove") return [`remove ${step.path}, which was made for our words`];
  if (step.kind !== "write") return [];
  const isMade = step.path === SETTINGS && step.text === made;
  return [isMade ? `make ${step.path}, so that future kernels get the same words` : `edit ${step.path}`];
}

/** An entry that came after our first change may have been made with our words; what it was before us cannot be known. */
function isNewer(file: HostFile, prior: readonly FileUndo[]): boolean {
  return file.path !== SETTINGS && prior.length > 0 && !prior.some((undo) => undo.path === file.path);
}

function wordsAfter(steps: readonly ChangeStep[], first: EntryFile): readonly string[] {
  const step = steps.find((candidate) => candidate.kind === "write" && candidate.path === first.file.path);
  return step?.kind === "write" ? parseBlsEntry(step.text).words : first.words;
}
