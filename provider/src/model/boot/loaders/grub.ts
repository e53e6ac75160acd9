import type { BootEntry, BootFacts, GrubConfigFacts } from "../../host-facts";
import { parseCommandLine, type KernelArgumentEdit } from "../../kernel/command-line";
import { editCommandLine, isSatisfied, listAbsent } from "../../kernel/edit";
import { editGrubDefaults } from "../grub-defaults";
import { evaluateGrubDefaults, findOverride, type GrubSettingsFile, type GrubVariable } from "../grub-variables";
import { compareLines } from "../line-change";
import { clearGrubTrial, planGrubTrial } from "../trial/grub-trial";
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

const DEFAULTS = "/etc/default/grub";

/** GRUB as Debian and Ubuntu set it up: /etc/default/grub, drop-ins, and a generated menu. */
export const grub: BootLoader = {
  name: "grub",
  isUsed: ({ boot, identity }) =>
    boot.grubConfig?.usesBls === false &&
    "grub-mkconfig" in boot.tools &&
    boot.files.some((file) => file.path === DEFAULTS) &&
    identity.distribution.some((word) => word === "debian" || word === "ubuntu"),
  plan: (boot, edit, prior) =>
    change(boot, edit, (text) => {
      const edited = editGrubDefaults(text, edit);
      if ("refused" in edited) return { refused: `${DEFAULTS}: ${edited.refused}` };
      const override =
        edited.form === "unchanged" ? undefined : refuseOverride(boot, edited.text, edited.variable, edit);
      return override ?? { text: edited.text, undo: extendUndo(prior, DEFAULTS, edited.replacedLine) };
    }),
  restore: (boot, edit, undo) => change(boot, edit, (text) => restoreText(text, edit, undo)),
  planTrial: planGrubTrial,
  clearTrial: clearGrubTrial,
};

type Rewritten = { readonly text: string; readonly undo: readonly FileUndo[] } | BootRefusal;

function restoreText(text: string, edit: KernelArgumentEdit, undo: readonly FileUndo[]): Rewritten {
  const restored = restoreFile(text, DEFAULTS, undo);
  if (restored.isComplete) return { text: restored.text, undo: [] };
  const edited = editGrubDefaults(restored.text, edit);
  return "refused" in edited ? { refused: `${DEFAULTS}: ${edited.refused}` } : { text: edited.text, undo: [] };
}

/** Debian sources its drop-ins after the main file; one that sets the variable anew would undo the edit. */
function refuseOverride(
  boot: BootFacts,
  text: string,
  variable: GrubVariable,
  edit: KernelArgumentEdit,
): BootRefusal | undefined {
  const override = findOverride(settingsFiles(boot, text), variable);
  if (override?.isCertain !== true) return undefined;
  return {
    refused: `${override.path} sets ${variable} anew, so an edit of ${DEFAULTS} would have no effect; ${describeByHand(edit)}, in ${override.path}`,
  };
}

function settingsFiles(boot: BootFacts, text: string): GrubSettingsFile[] {
  const dropIns = boot.files.filter((file) => file.path.startsWith("/etc/default/grub.d/") && file.text !== undefined);
  return [{ path: DEFAULTS, text }, ...dropIns.map((file) => ({ path: file.path, text: file.text ?? "" }))];
}

function change(
  boot: BootFacts,
  edit: KernelArgumentEdit,
  rewrite: (text: string) => Rewritten,
): BootChange | BootRefusal {
  const file = boot.files.find((candidate) => candidate.path === DEFAULTS);
  const menu = boot.grubConfig;
  if (file === undefined || menu === undefined)
    return { refused: `${DEFAULTS} or the boot menu is gone; ${describeByHand(edit)}` };
  const text = requireText(file);
  if (typeof text !== "string") return text;
  const after = rewrite(text);
  if ("refused" in after) return after;
  const isWritten = after.text !== text;
  const isStale = listBootable(menu).some((entry) => !isSatisfied(parseCommandLine(entry.commandLine), edit));
  const before = listBootable(menu)[0]?.commandLine ?? "";
  const lines = compareLines(text, after.text);
  return {
    steps: [
      ...(isWritten ? [{ kind: "write" as const, path: DEFAULTS, text: after.text }] : []),
      ...(isWritten || isStale ? [{ kind: "generate" as const, menu: generation(boot, menu, edit) }] : []),
    ],
    descriptions: [
      ...(isWritten
        ? [`edit ${DEFAULTS}: ${describeLines(lines?.before)} becomes ${describeLines(lines?.after)}`]
        : []),
      ...(isWritten || isStale ? [`generate ${menu.path} beside the old one, check it, and put it in place`] : []),
    ],
    undo: after.undo,
    before,
    after: isWritten || isStale ? predict(boot, before, text, after.text, edit) : before,
    warnings: [],
  };
}

function describeLines(lines: string | undefined): string {
  const text = (lines ?? "").trim();
  return text === "" ? "no line" : text.replaceAll("\n", "; ");
}

/** Entries that a host boots by itself; recovery ones keep the old line, as a way back. */
export function listBootable(menu: GrubConfigFacts): readonly BootEntry[] {
  return menu.entries.filter((entry) => !entry.isRecovery);
}

function generation(boot: BootFacts, menu: GrubConfigFacts, edit: KernelArgumentEdit) {
  return {
    tool: findTool(boot, menu, "mkconfig"),
    checker: findTool(boot, menu, "script-check"),
    path: menu.path,
    present: edit.present,
    absent: listAbsent(edit),
  };
}

/** The Fedora family and openSUSE name GRUB's tools and its folder after its second version. */
function findTool({ tools }: BootFacts, menu: GrubConfigFacts, name: string): string {
  const prefixes = menu.path.startsWith("/boot/grub/") ? ["grub", "grub2"] : ["grub2", "grub"];
  const [found] = prefixes.flatMap((prefix) => tools[`${prefix}-${name}`] ?? []);
  return found ?? `${prefixes[0] ?? ""}-${name}`;
}

/** The next command line: what the settings add comes last, so the new settings replace the end of the old line. */
function predict(boot: BootFacts, before: string, oldText: string, newText: string, edit: KernelArgumentEdit): string {
  const words = parseCommandLine(before);
  const [old, now] = [oldText, newText].map((text) => settingsWords(boot, text));
  const tail = old === undefined ? [] : words.slice(words.length - old.length);
  const isTail = old !== undefined && now !== undefined && tail.join(" ") === old.join(" ");
  return (isTail ? [...words.slice(0, words.length - old.length), ...now] : editCommandLine(words, edit)).join(" ");
}

function settingsWords(boot: BootFacts, text: string): string[] | undefined {
  const values = evaluateGrubDefaults(settingsFiles(boot, text));
  if (!values.isExact) return undefined;
  return parseCommandLine(`${values.GRUB_CMDLINE_LINUX ?? ""} ${values.GRUB_CMDLINE_LINUX_DEFAULT ?? ""}`);
}
