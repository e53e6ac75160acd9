import { findBootLoader } from "../../model/boot/loaders/detect";
import { expectFiles, type BootChange, type BootLoader } from "../../model/boot/loaders/loader";
import type { Change, ChangeStep } from "../../model/change";
import type { HostFacts } from "../../model/host-facts";
import {
  isSingleValued,
  parseCommandLine,
  parseKernelArgument,
  type KernelArgumentEdit,
} from "../../model/kernel/command-line";
import { isSatisfied, listAbsent } from "../../model/kernel/edit";
import type { JsonObject, Planned, PlanResult, Problem } from "../definition";
import { decideArguments } from "./arguments";
import type { HostIommuConfigInputs } from "./inputs";
import {
  mergeOwnership,
  NOTHING_OWNED,
  OWNERSHIP_RECORD,
  parseOwnership,
  type HostIommuConfigState,
  type Ownership,
} from "./state";

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
function findOwned(facts: HostFacts, prior: Partial<HostIommuConfigState> | undefined): Ownership {
  return parseOwnership(facts.records[OWNERSHIP_RECORD]) ?? prior?.ownership ?? NOTHING_OWNED;
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

function explainReboot(running: readonly string[], edit: KernelArgumentEdit): string[] {
  const lacks = edit.present.filter((word) => !isSatisfied(running, { present: [word], absent: [] }));
  const has = listAbsent(edit).filter((word) => !isSatisfied(running, { present: [], absent: [word] }));
  return [
    ...(lacks.length > 0 ? [`the running kernel was not booted with ${lacks.join(" ")}`] : []),
    ...(has.length > 0 ? [`the running kernel was booted with ${has.join(" ")}`] : []),
  ];
}

/** The command line is as declared and the kernel booted with it; if there is still no IOMMU, no further boot will help. */
function checkResult(facts: HostFacts): Problem | undefined {
  if (isActive(facts)) return undefined;
  return {
    property: "host",
    reason:
      `the kernel booted with the declared command line and the firmware announces ${facts.firmware.tables.join(" and ")}, but no IOMMU is in use ` +
      "(/sys/class/iommu and /sys/kernel/iommu_groups are empty): look for DMAR or AMD-Vi faults in the kernel's log and for a firmware update",
  };
}

/** Whether an IOMMU translates: units and groups, never a message in a log. */
export function isActive(facts: HostFacts): boolean {
  return facts.iommu.units.length > 0 && facts.iommu.groups.length > 0;
}

/** Plans the command line of the next boot and, where it is allowed, the reboot. */
export function planIommu(
  inputs: HostIommuConfigInputs,
  facts: HostFacts,
  prior: Partial<HostIommuConfigState> | undefined,
): PlanResult {
  const decided = decide(inputs, facts, prior);
  if ("problems" in decided) return { outcome: "refused", problems: decided.problems };
  const { reasons } = decided;
  const willReboot = reasons.length > 0 && inputs.reboot.policy === "ifRequired";
  const running = facts.libvirt.domains.filter((domain) => domain.liveXml !== undefined).map((domain) => domain.name);
  if (willReboot && running.length > 0) return refuseReboot(running, reasons);
  return render(inputs, facts, decided, willReboot);
}

function refuseReboot(running: readonly string[], reasons: readonly string[]): PlanResult {
  const reason =
    `a reboot is needed (${reasons.join("; ")}), but ${running.join(", ")} ${running.length === 1 ? "is" : "are"} running and would be stopped. ` +
    'Shut the domains down first, or set reboot.policy to "never" and reboot when it suits';
  return { outcome: "refused", problems: [{ property: "reboot.policy", reason }] };
}

function render(inputs: HostIommuConfigInputs, facts: HostFacts, decided: IommuPlan, willReboot: boolean): Planned {
  const { boot, reasons } = decided;
  const cleaning = facts.boot.leftovers.map((path): ChangeStep => ({ kind: "clean", path }));
  const steps = [
    ...facts.boot.leftovers.map((path) => `remove ${path}, left behind by an interrupted change`),
    ...boot.descriptions,
    ...(willReboot ? [`reboot, because ${reasons.join(" and ")}`] : []),
  ];
  const changeSteps = [...cleaning, ...recordAround(decided, facts)];
  const pending = reasons.length > 0 && !willReboot;
  return {
    outcome: "planned",
    steps,
    plan: {
      kernelCommandLine: { before: boot.before, after: boot.after },
      kernelArguments: compareWords(boot.before, boot.after),
      rebootRequired: reasons.length > 0,
      rebootReasons: reasons,
    },
    computed: { kernelCommandLine: boot.after },
    warnings: [
      ...(pending ? [`reboot needed: ${reasons.join("; ")} (reboot.policy is "never")`] : []),
      ...(facts.cpu.virtualization === undefined
        ? ["the CPU shows neither vmx nor svm: virtualization is off in the firmware, so KVM cannot run guests"]
        : []),
      ...boot.warnings,
    ],
    ...(changeSteps.length > 0 && { change: bootChange("HostIommuConfig", facts, changeSteps) }),
    ...(willReboot && { reboot: { timeoutSeconds: inputs.reboot.timeoutSeconds } }),
  };
}

/** The host's note comes first and holds old and new; when all is done it is set right. */
function recordAround({ boot, owned, ownership }: IommuPlan, facts: HostFacts): ChangeStep[] {
  const during = boot.steps.length > 0 ? record(mergeOwnership(owned, ownership)) : undefined;
  const after = record(ownership);
  const noted = during?.text ?? facts.records[OWNERSHIP_RECORD];
  const needsAfter = noted !== undefined && noted.trim() !== after.text;
  return [...(during === undefined ? [] : [during]), ...boot.steps, ...(needsAfter ? [after] : [])];
}

function record(ownership: Ownership): ChangeStep & { readonly kind: "record" } {
  return { kind: "record", name: OWNERSHIP_RECORD, text: JSON.stringify(ownership) };
}

/** The two command lines word by word. */
function compareWords(before: string, after: string): JsonObject {
  const [old, now] = [parseCommandLine(before), parseCommandLine(after)];
  const minus = old.filter((word) => !now.includes(word));
  const plus = now.filter((word) => !old.includes(word));
  const shown: Record<string, string> = {};
  for (const word of plus) {
    const gone = minus.find((other) => parseKernelArgument(other).key === parseKernelArgument(word).key);
    shown[word] = gone === undefined ? "added" : `replaces ${gone}`;
  }
  for (const word of minus) {
    const isReplaced = plus.some((other) => parseKernelArgument(other).key === parseKernelArgument(word).key);
    if (!isReplaced) shown[word] = "removed";
  }
  return shown;
}

function bootChange(label: string, facts: HostFacts, steps: readonly ChangeStep[]): Change {
  return { label, expectations: [{ kind: "boot", bootId: facts.identity.bootId }, ...expectFiles(facts.boot)], steps };
}

/** Plans how our words leave the boot files. */
export function planIommuRemoval(
  inputs: HostIommuConfigInputs,
  state: HostIommuConfigState,
  facts: HostFacts,
): PlanResult {
  const ownership = findOwned(facts, state);
  const edit = { present: ownership.removed, absent: ownership.added };
  const loader = findBootLoader(facts, "auto", edit);
  if ("refused" in loader)
    return { outcome: "refused", problems: [{ property: "bootLoader", reason: loader.refused }] };
  const boot = loader.restore(facts.boot, edit, ownership.files);
  if ("refused" in boot) return { outcome: "refused", problems: [{ property: "bootLoader", reason: boot.refused }] };
  const reasons = explainReboot(parseCommandLine(facts.kernel.commandLine), edit);
  const willReboot = inputs.reboot.onDelete && reasons.length > 0;
  const running = facts.libvirt.domains.filter((domain) => domain.liveXml !== undefined).map((domain) => domain.name);
  if (willReboot && running.length > 0) return refuseReboot(running, reasons);
  const cleaning = facts.boot.leftovers.map((path): ChangeStep => ({ kind: "clean", path }));
  const forget: ChangeStep[] = OWNERSHIP_RECORD in facts.records ? [{ kind: "forget", name: OWNERSHIP_RECORD }] : [];
  const steps = [...cleaning, ...boot.steps, ...forget];
  return {
    outcome: "planned",
    steps: boot.descriptions,
    plan: {},
    computed: {},
    warnings: reasons.length > 0 && !willReboot ? ["the old command line takes effect at the next boot"] : [],
    ...(steps.length > 0 && { change: bootChange("HostIommuConfig-delete", facts, steps) }),
    ...(willReboot && { reboot: { timeoutSeconds: inputs.reboot.timeoutSeconds } }),
  };
}
