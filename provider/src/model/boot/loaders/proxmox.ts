import type { ChangeStep } from "../../change";
import type { BootFacts, HostFile } from "../../host-facts";
import { parseCommandLine, type KernelArgumentEdit } from "../../kernel/command-line";
import { isSatisfied, listAbsent } from "../../kernel/edit";
import { editGrubDefaults } from "../grub-defaults";
import { findOverride } from "../grub-variables";
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

/** Note of the line that the boot partitions were given: they are not mounted, so a reading cannot see it. */
const REFRESHED_RECORD = "boot-partitions";

const LINE = "/etc/kernel/cmdline";
const DEFAULTS = "/etc/default/grub";

/**
 * Proxmox with boot partitions that its own tool keeps: `proxmox-boot-tool refresh` copies the kernels to each of them and
 * writes entries of systemd-boot from the first line of /etc/kernel/cmdline, or a menu of GRUB from /etc/default/grub.
 */
export const proxmox: BootLoader = {
  name: "proxmox",
  isUsed: ({ boot }) => boot.markers.includes("/etc/kernel/proxmox-boot-uuids") && "proxmox-boot-tool" in boot.tools,
  plan: (boot, edit, prior) =>
    change(boot, edit, {
      rewrite: (file, text) => editFile(boot, file, text, edit),
      undo: (edited) => extendUndo(prior, settingsPath(boot), edited),
      keepsNote: true,
    }),
  restore: (boot, edit, undo) =>
    change(boot, edit, {
      rewrite: (file, text) => {
        const restored = restoreFile(text, file.path, undo);
        return restored.isComplete ? { text: restored.text } : editFile(boot, file, restored.text, edit);
      },
      undo: () => [],
      keepsNote: false,
    }),
  planTrial: () => ({
    refused:
      "Proxmox's boot partitions are not mounted while the host runs, and its tool may write them anew at any time, so no entry of ours would be safe there",
  }),
  clearTrial: () => [],
};

interface Rewriting {
  readonly rewrite: (file: HostFile, text: string) => TextEdit;
  readonly undo: (edited: Extract<TextEdit, { text: string }>["replacedLine"]) => FileUndo[];
  /** Whether the note of what the partitions have stays on the host. */
  readonly keepsNote: boolean;
}

/** The partitions of one host all have the loader that booted it. */
function loaderOf(boot: BootFacts): "grub" | "systemd-boot" {
  return boot.loaderVariables?.info?.startsWith("systemd-boot") === true ? "systemd-boot" : "grub";
}

function settingsPath(boot: BootFacts): string {
  return loaderOf(boot) === "grub" ? DEFAULTS : LINE;
}

function editFile(boot: BootFacts, file: HostFile, text: string, edit: KernelArgumentEdit): TextEdit {
  if (file.path === LINE) return editFirstLine(text, edit);
  const edited = editGrubDefaults(text, edit);
  if ("refused" in edited) return edited;
  const dropIns = boot.files.flatMap(({ path, text: content }) =>
    path.startsWith("/etc/default/grub.d/") && content !== undefined ? [{ path, text: content }] : [],
  );
  const override =
    edited.form === "unchanged"
      ? undefined
      : findOverride([{ path: DEFAULTS, text: edited.text }, ...dropIns], edited.variable);
  if (override?.isCertain === true)
    return { refused: `${override.path} sets ${edited.variable} anew; ${describeByHand(edit)}, in ${override.path}` };
  return {
    text: edited.text,
    ...(edited.replacedLine !== undefined && { replacedLine: edited.replacedLine }),
  };
}

/** Proxmox's tool reads the first line and no other; the rest of the file stays as it is. */
function editFirstLine(text: string, edit: KernelArgumentEdit): TextEdit {
  const end = text.indexOf("\n") + 1;
  const first = end === 0 ? text : text.slice(0, end);
  if (first.trim() === "" || first.trimStart().startsWith("#"))
    return { refused: "its first line holds no command line, and Proxmox's tool reads no other" };
  const edited = editKernelCommandLineFile(first, edit);
  return "refused" in edited ? edited : { ...edited, text: edited.text + text.slice(first.length) };
}

function change(boot: BootFacts, edit: KernelArgumentEdit, rewriting: Rewriting): BootChange | BootRefusal {
  const loader = loaderOf(boot);
  const path = settingsPath(boot);
  const tool = boot.tools["proxmox-boot-tool"];
  const file = boot.files.find((candidate) => candidate.path === path);
  if (tool === undefined || file === undefined)
    return { refused: `${path} is missing, which proxmox-boot-tool makes its entries from; ${describeByHand(edit)}` };
  if (!("unshare" in boot.tools))
    return { refused: "unshare is missing, which is needed to look at the boot partitions; install util-linux" };
  const text = requireText(file);
  if (typeof text !== "string") return text;
  const edited = rewriting.rewrite(file, text);
  if ("refused" in edited) return { refused: `${path}: ${edited.refused}` };
  const isWritten = edited.text !== text;
  const known = parseNote(boot.refreshedArguments ?? "");
  const isStale = !known.isCertain || !isSatisfied(known.words, edit);
  const words = { before: readWords(loader, text, boot), after: readWords(loader, edited.text, boot, edit) };
  const steps: ChangeStep[] = [
    ...(isWritten ? [{ kind: "write" as const, path, text: edited.text }] : []),
    ...(isWritten || isStale
      ? [{ kind: "refresh-partitions" as const, tool, loader, present: edit.present, absent: listAbsent(edit) }]
      : []),
  ];
  return {
    steps: [...noteBefore(steps, known.words), ...steps, ...noteAfter(steps, words.after, rewriting.keepsNote)],
    descriptions: [
      ...(isWritten ? [`edit ${path}`] : []),
      ...(steps.length > 0 ? ["proxmox-boot-tool refresh, and read every boot partition back"] : []),
    ],
    undo: rewriting.undo(edited.replacedLine),
    ...words,
    warnings: [],
  };
}

/** Says that the partitions may lag behind the settings: what the note then holds is the line of before. */
const UNCERTAIN = "?";

function parseNote(text: string): { readonly words: readonly string[]; readonly isCertain: boolean } {
  const words = parseCommandLine(text);
  return words[0] === UNCERTAIN ? { words: words.slice(1), isCertain: false } : { words, isCertain: true };
}

function noteBefore(steps: readonly ChangeStep[], words: readonly string[]): ChangeStep[] {
  const text = [UNCERTAIN, ...words].join(" ");
  return steps.length === 0 ? [] : [{ kind: "record", name: REFRESHED_RECORD, text }];
}

function noteAfter(steps: readonly ChangeStep[], line: string, keepsNote: boolean): ChangeStep[] {
  if (!keepsNote) return [{ kind: "forget", name: REFRESHED_RECORD }];
  return steps.length === 0 ? [] : [{ kind: "record", name: REFRESHED_RECORD, text: line }];
}

/** The line of the next boot: as it is written for systemd-boot; for GRUB, the known line with the edit. */
function readWords(loader: "grub" | "systemd-boot", text: string, boot: BootFacts, edit?: KernelArgumentEdit): string {
  if (loader === "systemd-boot") return parseCommandLine(text.split("\n")[0] ?? "").join(" ");
  const { words } = parseNote(boot.refreshedArguments ?? "");
  return (edit === undefined ? words : editWords(words, edit)).join(" ");
}

function editWords(words: readonly string[], edit: KernelArgumentEdit): readonly string[] {
  const kept = words.filter((word) => !listAbsent(edit).includes(word));
  return isSatisfied(words, edit) ? words : [...kept, ...edit.present.filter((word) => !kept.includes(word))];
}
