import type { ChangeStep } from "../../change";
import type { BootFacts, HostFile } from "../../host-facts";
import type { KernelArgumentEdit } from "../../kernel/command-line";
import { editBlsEntry, parseBlsEntry } from "../bls-entry";
import { editGrubDefaults } from "../grub-defaults";
import { editKernelCommandLineFile } from "../kernel-cmdline-file";
import type { TextEdit } from "../line-change";
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

const ENTRIES = "/boot/loader/entries/";

/**
 * GRUB as the Fedora family sets it up: the menu is made of boot loader entries, one file a kernel. Their `options` are
 * what boots; /etc/kernel/cmdline and /etc/default/grub are what future kernels get. All of them are edited directly:
 * grubby would clobber GRUB_CMDLINE_LINUX_DEFAULT and drop repeated keys.
 */
export const grubBls: BootLoader = {
  name: "grub-bls",
  isUsed: ({ boot }) => boot.grubConfig?.usesBls === true && listEntries(boot).length > 0,
  plan: (boot, edit, prior) => change(boot, edit, prior, (file, text) => editFile(file, text, edit)),
  restore: (boot, edit, undo) =>
    change(boot, edit, [], (file, text) => {
      const restored = restoreFile(text, file.path, undo);
      if (restored.isComplete) return { text: restored.text };
      // A settings file that we never changed lacks nothing of ours; an entry may be that of a newer kernel.
      const isOurs = file.path.startsWith(ENTRIES) || undo.some((line) => line.path === file.path);
      return editFile(file, restored.text, isOurs ? edit : { ...edit, present: [] });
    }),
};

/** Entries that a host boots by itself; the rescue image keeps the old line, as a way back. */
function listEntries(boot: BootFacts): HostFile[] {
  return boot.files.filter((file) => file.path.startsWith(ENTRIES) && !/-0-rescue(-|\.)/.test(file.path));
}

function editFile(file: HostFile, text: string, edit: KernelArgumentEdit): TextEdit {
  if (file.path === "/etc/default/grub") {
    const edited = editGrubDefaults(text, edit);
    return "refused" in edited
      ? edited
      : { text: edited.text, ...(edited.replacedLine && { replacedLine: edited.replacedLine }) };
  }
  return file.path === "/etc/kernel/cmdline" ? editKernelCommandLineFile(text, edit) : editBlsEntry(text, edit);
}

function change(
  boot: BootFacts,
  edit: KernelArgumentEdit,
  prior: readonly FileUndo[],
  rewrite: (file: HostFile, text: string) => TextEdit,
): BootChange | BootRefusal {
  const entries = listEntries(boot);
  const settings = boot.files.filter(
    (file) => file.path === "/etc/kernel/cmdline" || file.path === "/etc/default/grub",
  );
  const steps: ChangeStep[] = [];
  const undo: FileUndo[] = [];
  // What boots comes first: an interruption then leaves at most the future kernels to be done.
  for (const file of [...entries, ...settings]) {
    const text = requireText(file);
    if (typeof text !== "string") return text;
    if (file.path.startsWith(ENTRIES) && parseBlsEntry(text).usesVariables.includes("$kernelopts")) {
      return {
        refused: `${file.path} takes its options from $kernelopts of grubenv, which is not edited yet; ${describeByHand(edit)}, with grub2-editenv`,
      };
    }
    const edited = rewrite(file, text);
    if ("refused" in edited) return { refused: `${file.path}: ${edited.refused}` };
    if (edited.text !== text) steps.push({ kind: "write", path: file.path, text: edited.text });
    if (!isNewer(file, prior)) undo.push(...extendUndo(prior, file.path, edited.replacedLine));
  }
  const first = entries.find((file) => file.path.includes(boot.kernels[0] ?? "\0")) ?? entries[0];
  return {
    steps,
    descriptions: steps.flatMap((step) => (step.kind === "write" ? [`edit ${step.path}`] : [])),
    undo,
    before: optionsOf(first?.text),
    after: optionsOf(newText(steps, first) ?? first?.text),
    warnings: [],
  };
}

/** An entry that came after our first change may have been made with our words; what it was before us cannot be known. */
function isNewer(file: HostFile, prior: readonly FileUndo[]): boolean {
  return file.path.startsWith(ENTRIES) && prior.length > 0 && !prior.some((undo) => undo.path === file.path);
}

function newText(steps: readonly ChangeStep[], file: HostFile | undefined): string | undefined {
  const step = steps.find((candidate) => candidate.kind === "write" && candidate.path === file?.path);
  return step?.kind === "write" ? step.text : undefined;
}

function optionsOf(text: string | undefined): string {
  return text === undefined ? "" : parseBlsEntry(text).words.join(" ");
}
