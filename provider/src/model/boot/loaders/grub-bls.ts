import { isSatisfied, listAbsent } from "../../kernel/edit";
import type { ChangeStep } from "../../change";
import type { BootFacts } from "../../host-facts";
import type { KernelArgumentEdit } from "../../kernel/command-line";
import { editBlsEntry, parseBlsEntry } from "../bls-entry";
import {
  listBlsPlaces,
  listEntries,
  readsKernelOptions,
  renderFutureLine,
  type BlsPlace,
  type BlsPlaces,
} from "../grub-bls-places";
import { editGrubDefaults } from "../grub-defaults";
import { editVariable, expandWords, measureValue, parseVariable } from "../grub-environment";
import { editKernelCommandLineFile } from "../kernel-cmdline-file";
import { describeEdit, type TextEdit } from "../line-change";
import { clearGrubTrial, planGrubTrial } from "../trial/grub-trial";
import {
  describeByHand,
  extendUndo,
  restoreFile,
  type BootChange,
  type BootLoader,
  type BootRefusal,
  type FileUndo,
} from "./loader";

/**
 * GRUB as the Fedora family sets it up: the menu is made of boot loader entries, one file a kernel. What boots is their
 * `options`, or the variable `kernelopts` of GRUB's environment block where they name it; /etc/kernel/cmdline and
 * /etc/default/grub are what future kernels get. All of them are edited directly: grubby would clobber
 * GRUB_CMDLINE_LINUX_DEFAULT and drop repeated keys, and the menu's generator drops words of single entries.
 */
export const grubBls: BootLoader = {
  name: "grub-bls",
  isUsed: ({ boot }) => boot.grubConfig?.usesBls === true && listEntries(boot).length > 0,
  plan: planEdit,
  restore: planRestore,
  planTrial: planGrubTrial,
  clearTrial: clearGrubTrial,
};

/** A place with the text that it is to have. */
interface Rewritten {
  readonly place: BlsPlace;
  readonly text: string;
  readonly undo: readonly FileUndo[];
}

type Values = Readonly<Record<string, string>>;
type Rewrite = (place: BlsPlace, values: Values) => TextEdit;

function planEdit(boot: BootFacts, edit: KernelArgumentEdit, prior: readonly FileUndo[]): BootChange | BootRefusal {
  const places = listBlsPlaces(boot, edit);
  if ("refused" in places) return places;
  const rewritten = rewriteAll(places, prior, (place, values) => editPlace(place, edit, values));
  if ("refused" in rewritten) return rewritten;
  const values = valuesAfter(places, rewritten);
  const stuck = rewritten.find(({ place, text }) => place.kind === "entry" && !isDone(text, values, edit));
  if (stuck !== undefined) return refuseVariables(stuck, edit);
  return render(places, [...rewritten, ...makeFutureLine(places, rewritten)], edit);
}

function planRestore(boot: BootFacts, edit: KernelArgumentEdit, undo: readonly FileUndo[]): BootChange | BootRefusal {
  const places = listBlsPlaces(boot, edit);
  if ("refused" in places) return places;
  const rewritten = rewriteAll(places, [], (place, values) => restorePlace(place, edit, undo, values));
  return "refused" in rewritten ? rewritten : render(places, rewritten, edit, undo);
}

/** What boots comes first: an interruption then leaves at most the future kernels to be done. */
function rewriteAll(places: BlsPlaces, prior: readonly FileUndo[], rewrite: Rewrite): Rewritten[] | BootRefusal {
  const done: Rewritten[] = [];
  for (const place of places.all) {
    const edited = rewrite(place, valuesAfter(places, done));
    if ("refused" in edited) return { refused: `${place.path}: ${edited.refused}` };
    const undo = isNewer(place, prior) ? [] : extendUndo(prior, place.path, edited.replacedLine);
    done.push({ place, text: edited.text, undo });
  }
  return done;
}

function editPlace(place: BlsPlace, edit: KernelArgumentEdit, values: Values): TextEdit {
  switch (place.kind) {
    case "variable":
      return editVariable(place.name, place.text, edit);
    case "entry":
      return editEntry(place.text, edit, values);
    case "settings":
      return editSettings(place.text, edit);
    case "future":
      return editKernelCommandLineFile(place.text, edit);
  }
}

/** Where an entry takes its words from grubenv, it keeps only what stands in their way. */
function editEntry(text: string, edit: KernelArgumentEdit, values: Values): TextEdit {
  if (!readsKernelOptions(text)) return editBlsEntry(text, edit);
  const words = expandWords(parseBlsEntry(text).words, values);
  const hidden = edit.present.filter((word) => !isSatisfied(words, { present: [word], absent: [] }));
  return editBlsEntry(text, { present: hidden, absent: listAbsent(edit) });
}

function editSettings(text: string, edit: KernelArgumentEdit): TextEdit {
  const edited = editGrubDefaults(text, edit);
  return "refused" in edited ? edited : describeEdit(text, edited.text);
}

function restorePlace(place: BlsPlace, edit: KernelArgumentEdit, undo: readonly FileUndo[], values: Values): TextEdit {
  const restored = restoreFile(place.text, place.path, undo);
  if (restored.isComplete) return { text: restored.text };
  const isOurs = undo.some((line) => line.path === place.path);
  // Entries that name $kernelopts are made without words, so what stands beside it there is not ours.
  if (!isOurs && place.kind === "entry" && readsKernelOptions(place.text)) return { text: place.text };
  // A settings file that we never changed lacks nothing of ours; an entry may be that of a newer kernel.
  const wanted = isOurs || place.kind === "entry" ? edit : { ...edit, present: [] };
  return editPlace({ ...place, text: restored.text }, wanted, values);
}

/** An entry that came after our first change may have been made with our words; what it was before us cannot be known. */
function isNewer(place: BlsPlace, prior: readonly FileUndo[]): boolean {
  if (place.kind !== "entry" || readsKernelOptions(place.text)) return false;
  return prior.length > 0 && !prior.some((undo) => undo.path === place.path);
}

function valuesAfter(places: BlsPlaces, done: readonly Rewritten[]): Values {
  const variables = done.flatMap(({ place, text }) => {
    const value = place.kind === "variable" ? parseVariable(place.name, text) : undefined;
    return place.kind === "variable" && value !== undefined ? [[place.name, value] as const] : [];
  });
  return { ...places.values, ...Object.fromEntries(variables) };
}

function isDone(text: string, values: Values, edit: KernelArgumentEdit): boolean {
  return isSatisfied(expandWords(parseBlsEntry(text).words, values), edit);
}

/** TuneD keeps its words in grubenv and would bring them back. */
function refuseVariables({ place, text }: Rewritten, edit: KernelArgumentEdit): BootRefusal {
  const variables = parseBlsEntry(text).usesVariables.filter((name) => name !== "$kernelopts");
  return {
    refused: `${place.path} takes words from ${variables.join(" and ")} of grubenv that contradict what is declared; change them where they come from (such as TuneD's profile), then ${describeByHand(edit)}`,
  };
}

/**
 * Without /etc/kernel/cmdline, kernel-install(8) gives a new kernel the words of the running one, which lacks ours until
 * the host has rebooted. So the file is made when an entry is changed, of the words of the newest entry, as grubby does it.
 */
function makeFutureLine(places: BlsPlaces, rewritten: readonly Rewritten[]): Rewritten[] {
  const isChanged = rewritten.some(({ place, text }) => place.kind === "entry" && place.text !== text);
  const hasFile = rewritten.some(({ place }) => place.kind === "future");
  const first = rewritten.find(({ place }) => place === places.first);
  if (!isChanged || hasFile || first === undefined || readsKernelOptions(first.text)) return [];
  const text = renderFutureLine(first.text);
  const place = { kind: "future", path: "/etc/kernel/cmdline", text: "" } as const;
  return [{ place, text, undo: [{ path: place.path, before: "", after: text }] }];
}

function render(
  places: BlsPlaces,
  rewritten: readonly Rewritten[],
  edit: KernelArgumentEdit,
  removable: readonly FileUndo[] = [],
): BootChange | BootRefusal {
  const changed = rewritten.filter(({ place, text }) => place.text !== text);
  const steps: ChangeStep[] = [];
  for (const one of changed) {
    const step = renderStep(places, one, edit, removable);
    if ("refused" in step) return step;
    steps.push(step);
  }
  const first = rewritten.find(({ place }) => place === places.first);
  return {
    steps,
    descriptions: steps.flatMap(describeStep),
    undo: rewritten.flatMap(({ undo }) => undo),
    before: renderLine(places.first?.text, places.values),
    after: renderLine(first?.text ?? places.first?.text, valuesAfter(places, rewritten)),
    warnings: [],
  };
}

function renderStep(
  places: BlsPlaces,
  { place, text }: Rewritten,
  edit: KernelArgumentEdit,
  removable: readonly FileUndo[],
): ChangeStep | BootRefusal {
  if (place.kind !== "variable") {
    // A file that we made goes as a whole.
    const isMade = text === "" && removable.some((undo) => undo.path === place.path && undo.before === "");
    return isMade ? { kind: "remove", path: place.path } : { kind: "write", path: place.path, text };
  }
  const { name, path, tool } = place;
  const [before, after] = [place.text, text].map((line) => parseVariable(name, line) ?? "");
  const missing = measureValue(after ?? "") - measureValue(before ?? "") - places.freeBytes;
  if (missing > 0) {
    return {
      refused: `${path} has room for 1024 bytes, and ${missing} too few are left for the new ${name}; take words out of it first, then ${describeByHand(edit)}, with grub2-editenv`,
    };
  }
  return { kind: "set-variable", tool, path, name, before: before ?? "", after: after ?? "" };
}

function describeStep(step: ChangeStep): string[] {
  if (step.kind === "set-variable") return [`set ${step.name} in ${step.path} (GRUB's environment block)`];
  if (step.kind === "remove") return [`remove ${step.path}, which was made for the words`];
  return step.kind === "write" ? [`edit ${step.path}`] : [];
}

function renderLine(text: string | undefined, values: Values): string {
  return text === undefined ? "" : expandWords(parseBlsEntry(text).words, values).join(" ");
}
