import { expectFiles } from "../../model/boot/loaders/loader";
import type { Change, ChangeStep, Expectation } from "../../model/change";
import type { HostFacts } from "../../model/host-facts";
import { parseCommandLine, parseKernelArgument } from "../../model/kernel/command-line";
import type { JsonObject, Planned } from "../definition";
import { type IommuPlan } from "./decide";
import { type GrantedReboot } from "./reboot";
import { clearTrialSteps } from "./trial";
import { mergeOwnership, OWNERSHIP_RECORD, type Ownership } from "./state";

export function renderPlan(facts: HostFacts, decided: IommuPlan, reboot: GrantedReboot): Planned {
  const { boot, reasons } = decided;
  const trialLeft = clearTrialSteps(facts, decided.loader);
  const cleaning = [...cleanSteps(facts), ...trialLeft];
  const steps = [
    ...describeLeftovers(facts),
    ...(trialLeft.length > 0 ? ["remove what a trial boot left behind"] : []),
    ...boot.descriptions,
    ...reboot.shutDown,
    ...(reboot.reboot === undefined ? [] : [`reboot, because ${reasons.join(" and ")}`]),
    ...reboot.startAgain,
  ];
  const changeSteps = [...cleaning, ...recordAround(decided, facts), ...reboot.start];
  const pending = reasons.length > 0 && reboot.reboot === undefined;
  return {
    outcome: "planned",
    steps,
    plan: {
      kernelCommandLine: { before: boot.before, after: boot.after },
      kernelArguments: compareWords(boot.before, boot.after),
      rebootRequired: reasons.length > 0,
      rebootReasons: reasons,
      ...reboot.shown,
    },
    computed: { kernelCommandLine: boot.after },
    warnings: [
      ...(pending ? [`reboot needed: ${reasons.join("; ")} (reboot.policy is "never")`] : []),
      ...(facts.cpu.virtualization === undefined
        ? ["the CPU shows neither vmx nor svm: virtualization is off in the firmware, so KVM cannot run guests"]
        : []),
      ...boot.warnings,
      ...reboot.warnings,
    ],
    ...(changeSteps.length > 0 && { change: bootChange("HostIommuConfig", facts, changeSteps) }),
    ...(reboot.reboot !== undefined && { reboot: reboot.reboot }),
  };
}

export function cleanSteps(facts: HostFacts): ChangeStep[] {
  return facts.boot.leftovers.map((path) => ({ kind: "clean", path }));
}

export function describeLeftovers(facts: HostFacts): string[] {
  return facts.boot.leftovers.map((path) => `remove ${path}, left behind by an interrupted change`);
}

/** The host's note comes first and holds old and new; when all is done it is set right. */
export function recordAround({ boot, owned, ownership }: IommuPlan, facts: HostFacts): ChangeStep[] {
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

export function bootChange(label: string, facts: HostFacts, steps: readonly ChangeStep[]): Change {
  const known = expectFiles(facts.boot);
  const created = steps.flatMap((step): Expectation[] =>
    step.kind === "write" && !known.some((one) => one.kind === "file" && one.path === step.path)
      ? [{ kind: "file", path: step.path, sha256: undefined }]
      : [],
  );
  return { label, expectations: [{ kind: "boot", bootId: facts.identity.bootId }, ...known, ...created], steps };
}
