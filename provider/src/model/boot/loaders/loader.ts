import type { ChangeStep, Expectation } from "../../change";
import type { BootFacts, HostFacts, HostFile } from "../../host-facts";
import type { KernelArgumentEdit } from "../../kernel/command-line";
import { listAbsent } from "../../kernel/edit";
import { listVariables } from "../grub-environment";
import { type LineChange, restoreLine } from "../line-change";

/** Lines of a file that we changed, so that they can be put back byte for byte. */
export interface FileUndo {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** What a boot loader has to change so that the next boot has a command line. */
export interface BootChange {
  readonly steps: readonly ChangeStep[];
  /** The steps in words, in their order. */
  readonly descriptions: readonly string[];
  readonly undo: readonly FileUndo[];
  /** Command line of the next boot, before and after. */
  readonly before: string;
  readonly after: string;
  readonly warnings: readonly string[];
}

/** Why a boot loader's files are not touched. */
export interface BootRefusal {
  readonly refused: string;
}

/** A boot loader that we know how to change. Both plans are pure: they look at facts and return values. */
export interface BootLoader {
  readonly name: BootLoaderName;
  /** Whether this host boots through it. */
  isUsed(facts: HostFacts): boolean;
  plan(boot: BootFacts, edit: KernelArgumentEdit, prior: readonly FileUndo[]): BootChange | BootRefusal;
  /** Puts lines back that are still as we wrote them; in the others the edit that is given takes our words out. */
  restore(boot: BootFacts, edit: KernelArgumentEdit, undo: readonly FileUndo[]): BootChange | BootRefusal;
  /** Boots these words once and the permanent entry ever after, or says why that cannot be had on this host. */
  planTrial(facts: HostFacts, words: readonly string[]): TrialEntry | BootRefusal;
  /** Removes what a trial left in the boot loader's files; no steps when there is nothing. */
  clearTrial(facts: HostFacts): readonly ChangeStep[];
}

/** A boot entry that is booted once. */
export interface TrialEntry {
  /** The steps that make the entry and choose it for the next boot; the choice comes last. */
  readonly steps: readonly ChangeStep[];
  readonly descriptions: readonly string[];
}

export const BOOT_LOADER_NAMES = [
  "grub",
  "grub-bls",
  "systemd-boot",
  "unified-kernel-image",
  "rpm-ostree",
  "proxmox",
] as const;
export type BootLoaderName = (typeof BOOT_LOADER_NAMES)[number];

/** The files that a plan rests on: none of them may change before the first write. */
export function expectFiles(boot: BootFacts): Expectation[] {
  const menu = boot.grubConfig === undefined ? [] : [{ path: boot.grubConfig.path, sha256: boot.grubConfig.sha256 }];
  return [...boot.files, ...menu, ...expectNoFutureLine(boot)].map(({ path, sha256 }) => ({
    kind: "file",
    path,
    sha256,
  }));
}

/** With boot loader entries the file may be made, but not over one that came in between. */
function expectNoFutureLine(boot: BootFacts): { readonly path: string; readonly sha256: undefined }[] {
  const path = "/etc/kernel/cmdline";
  const isThere = boot.files.some((file) => file.path === path);
  return boot.grubConfig?.usesBls === true && !isThere ? [{ path, sha256: undefined }] : [];
}

/** The text of a file that is to be edited. */
export function requireText(file: HostFile): string | BootRefusal {
  if (file.text !== undefined) return file.text;
  return { refused: `${file.path} is not plain UTF-8 text of at most 64 KiB, so it is not touched` };
}

/**
 * Adds a change to what is known of a file. Where it touches lines that we have changed before, the oldest ones are what
 * must come back; what it leaves alone is still to be put back on its own. A change of the very lines that are there was
 * noted and never made.
 */
export function extendUndo(prior: readonly FileUndo[], path: string, change: LineChange | undefined): FileUndo[] {
  const noted = prior.filter((undo) => undo.path === path);
  if (change === undefined) return noted;
  const around = noted.find((undo) => rewrite(undo.after, change) !== undefined);
  const known = noted.filter((undo) => undo === around || undo.before !== (around ?? change).before);
  if (around !== undefined) {
    const after = rewrite(around.after, change) ?? "";
    return known.flatMap((undo) => (undo === around ? keep({ ...undo, after }) : [undo]));
  }
  let { before } = change;
  const apart: FileUndo[] = [];
  for (const undo of known) {
    const older = restoreLine(before, undo);
    if (older === undefined) apart.push(undo);
    else before = older;
  }
  return [...apart, ...keep({ path, before, after: change.after })];
}

function rewrite(text: string, { before, after }: LineChange): string | undefined {
  return restoreLine(text, { before: after, after: before });
}

function keep(undo: FileUndo): FileUndo[] {
  return undo.before === undo.after ? [] : [undo];
}

/**
 * What there is to put back of what was noted. A note is written before the first file is, so after a run that was cut
 * short it may hold several changes of the same lines: the one that stands in the file is the one that was made.
 */
export function settleUndo(
  noted: readonly FileUndo[],
  { files, grubEnvironmentBlock: block }: Pick<BootFacts, "files" | "grubEnvironmentBlock">,
): FileUndo[] {
  function stands({ path, after }: FileUndo): boolean {
    // A variable of GRUB's block is noted as a line of its own.
    const text = path === block?.path ? listVariables(block) : files.find((file) => file.path === path)?.text;
    return text !== undefined && restoreLine(text, { before: "", after }) !== undefined;
  }
  return noted.filter((undo) => {
    const rivals = noted.filter((other) => other.path === undo.path && other.before === undo.before);
    return stands(undo) || !rivals.some(stands);
  });
}

/** Puts the lines of a file back, the newest first; `isComplete` is false when one no longer stands as we wrote it. */
export function restoreFile(
  text: string,
  path: string,
  undo: readonly FileUndo[],
): { readonly text: string; readonly isComplete: boolean } {
  const known = undo.filter((candidate) => candidate.path === path).reverse();
  let [restored, isComplete] = [text, known.length > 0];
  for (const change of known) {
    const older = restoreLine(restored, change);
    if (older === undefined) isComplete = false;
    else restored = older;
  }
  return { text: restored, isComplete };
}

/** The words that an operator would have to change by hand. */
export function describeByHand(edit: KernelArgumentEdit): string {
  const absent = listAbsent(edit);
  const parts = [
    ...(edit.present.length > 0 ? [`add ${edit.present.join(" ")}`] : []),
    ...(absent.length > 0 ? [`take out ${absent.join(" ")}`] : []),
  ];
  return parts.length === 0 ? "nothing has to be changed by hand" : `by hand: ${parts.join(" and ")}`;
}
