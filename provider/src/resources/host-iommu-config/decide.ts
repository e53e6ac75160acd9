import { findBootLoader } from "../../model/boot/loaders/detect";
import { settleUndo, type BootChange, type BootLoader } from "../../model/boot/loaders/loader";
import type { HostFacts } from "../../model/host-facts";
import { isIommuActive } from "../../model/iommu/active";
import {
  isSingleValued,
  parseCommandLine,
  parseKernelArgument,
  type KernelArgumentEdit,
} from "../../model/kernel/command-line";
import { isSatisfied, listAbsent } from "../../model/kernel/edit";
import type { Problem } from "../definition";
import { decideArguments } from "./arguments";
import type { HostIommuConfigInputs } from "./inputs";
import { NOTHING_OWNED, OWNERSHIP_RECORD, parseOwnership, type HostIommuConfigState, type Ownership } from "./state";

/** What a plan was made of; `state` needs it again. */
export interface IommuPlan {
  readonly loader: BootLoader;
  readonly edit: KernelArgumentEdit;
  readonly boot: BootChange;
  readonly reasons: readonly string[];
  readonly owned: Ownership;
  readonly ownership: Ownership;
}

/** What is ours on the host: its own note knows of changes of which Pulumi never heard how they ended. */
export function findOwned(facts: HostFacts, prior: Partial<HostIommuConfigState> | undefined): Ownership {
  const owned = parseOwnership(facts.records[OWNERSHIP_RECORD]) ?? prior?.ownership ?? NOTHING_OWNED;
  return { ...owned, files: settleUndo(owned.files, facts.boot) };
}

/** Decides words, boot loader and files. */
export function decide(
  inputs: HostIommuConfigInputs,
  facts: HostFacts,
  prior: Partial<HostIommuConfigState> | undefined,
): IommuPlan | { readonly problems: readonly Problem[] } {
  const wanted = decideArguments(inputs, facts);
  if ("problems" in wanted) return wanted;
  const owned = findOwned(facts, prior);
  const edit = withReleases(wanted.edit, owned);
  const loader = findBootLoader(facts, inputs.bootLoader, edit);
  if ("refused" in loader) return { problems: [{ property: "bootLoader", reason: loader.refused }] };
  const boot = loader.plan(facts.boot, edit, owned.files);
  if ("refused" in boot) return { problems: [{ property: "bootLoader", reason: boot.refused }] };
  const reasons = explainReboot(parseCommandLine(facts.kernel.commandLine), edit);
  const problem = reasons.length === 0 && boot.steps.length === 0 ? checkResult(facts) : undefined;
  if (problem !== undefined) return { problems: [problem] };
  return { loader, edit, boot, reasons, owned, ownership: own(wanted.edit, owned, boot) };
}

/** Words that we own and that are no longer declared go; those that we took out for them come back. */
function withReleases(edit: KernelArgumentEdit, owned: Ownership): KernelArgumentEdit {
  const gone = owned.added.filter((word) => !edit.present.includes(word));
  const back = owned.removed.filter(
    (word) => !listAbsent(edit).includes(word) && !edit.present.some((other) => isReplacement(word, other)),
  );
  return {
    present: [...edit.present, ...back.filter((word) => !edit.present.includes(word))],
    absent: [...new Set([...edit.absent, ...gone])],
  };
}

function isReplacement(word: string, other: string): boolean {
  const { key } = parseKernelArgument(word);
  return isSingleValued(key) && parseKernelArgument(other).key === key;
}

/** What is ours after the change: words that were not there before, and the ones that had to give way. */
function own(edit: KernelArgumentEdit, owned: Ownership, boot: BootChange): Ownership {
  const [before, after] = [parseCommandLine(boot.before), parseCommandLine(boot.after)];
  const added = after.filter(
    (word) => edit.present.includes(word) && (!before.includes(word) || owned.added.includes(word)),
  );
  const lost = before.filter((word) => !after.includes(word) && !owned.added.includes(word));
  const stillLost = owned.removed.filter((word) => !after.includes(word));
  return { added: [...new Set(added)], removed: [...new Set([...stillLost, ...lost])], files: [...boot.undo] };
}

export function explainReboot(running: readonly string[], edit: KernelArgumentEdit): string[] {
  const lacks = edit.present.filter((word) => !isSatisfied(running, { present: [word], absent: [] }));
  const has = listAbsent(edit).filter((word) => !isSatisfied(running, { present: [], absent: [word] }));
  return [
    ...(lacks.length > 0 ? [`the running kernel was not booted with ${lacks.join(" ")}`] : []),
    ...(has.length > 0 ? [`the running kernel was booted with ${has.join(" ")}`] : []),
  ];
}

/** The command line is as declared and the kernel booted with it; if there is still no IOMMU, no further boot will help. */
export function checkResult(facts: HostFacts): Problem | undefined {
  if (isIommuActive(facts)) return undefined;
  return {
    property: "host",
    reason:
      `the kernel booted with the declared command line and the firmware announces ${facts.firmware.tables.join(" and ")}, but no IOMMU is in use ` +
      "(/sys/class/iommu and /sys/kernel/iommu_groups are empty): look for DMAR or AMD-Vi faults in the kernel's log and for a firmware update",
  };
}
