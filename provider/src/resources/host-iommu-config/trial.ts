import { createHash } from "node:crypto";
import type { BootLoader } from "../../model/boot/loaders/loader";
import { GUARD_PATH, REPORT_PATH, renderGuardUnit } from "../../model/boot/trial/guard-unit";
import { findTrialId, GUARD_UNIT, listTrialWords } from "../../model/boot/trial/words";
import type { ChangeStep } from "../../model/change";
import type { HostFacts } from "../../model/host-facts";
import { parseCommandLine } from "../../model/kernel/command-line";
import { CONFIRM_TIMEOUT_SECONDS, type HostIommuConfigInputs } from "./inputs";

/** Name of the host's note of a trial that is not over; its text is the trial's id. */
const TRIAL_RECORD = "trial";

/** What a trial needs, or why there can be none. */
export type TrialPlan =
  | {
      readonly steps: readonly ChangeStep[];
      readonly descriptions: readonly string[];
      readonly warnings: readonly string[];
      readonly shown: { readonly furtherWords: string; readonly confirmTimeoutSeconds: number };
    }
  | { readonly refused: string };

/** Whether this boot is a trial that waits for its confirmation. */
export function isTrialRunning(facts: HostFacts): boolean {
  const id = facts.records[TRIAL_RECORD]?.trim();
  return id !== undefined && id === findTrialId(parseCommandLine(facts.kernel.commandLine));
}

/** How long a trial waits to be confirmed; undefined when none is asked for. */
export function confirmTimeoutOf(inputs: HostIommuConfigInputs): number | undefined {
  if (typeof inputs.trialBoot === "object") return inputs.trialBoot.confirmTimeoutSeconds;
  return inputs.trialBoot ? CONFIRM_TIMEOUT_SECONDS : undefined;
}

/** Plans a boot of `commandLine` that the host takes back by itself unless it is confirmed. */
export function planTrial(
  facts: HostFacts,
  loader: BootLoader,
  commandLine: string,
  confirmTimeoutSeconds: number,
): TrialPlan {
  if (!("systemctl" in facts.boot.tools))
    return { refused: "the host has no systemd, whose unit would take an unconfirmed trial back" };
  const id = createHash("sha256").update(commandLine).digest("hex").slice(0, 12);
  const furtherWords = listTrialWords({ id, hasWatchdog: facts.boot.hasWatchdog });
  const entry = loader.planTrial(facts, [...parseCommandLine(commandLine), ...furtherWords]);
  if ("refused" in entry) return entry;
  return {
    steps: [
      ...removeReport(facts),
      { kind: "record", name: TRIAL_RECORD, text: id },
      { kind: "write", path: GUARD_PATH, text: renderGuardUnit(id, confirmTimeoutSeconds) },
      ...entry.steps,
    ],
    descriptions: [
      ...entry.descriptions,
      `reboot into the trial; unless it is confirmed within ${confirmTimeoutSeconds} s, the host restarts on its old command line by itself`,
      "confirm the trial over a new connection: another boot id, the words in /proc/cmdline, IOMMU groups in sysfs",
    ],
    warnings: facts.boot.hasWatchdog
      ? []
      : [
          "the host has no watchdog (/dev/watchdog): a trial that hangs without a panic before its init starts would have to be reset by hand; it comes back on its old command line then",
        ],
    shown: { furtherWords: furtherWords.join(" "), confirmTimeoutSeconds },
  };
}

/** Ends the wait for a confirmation; the first step of a change, so that no restart falls into the others. */
export function confirmSteps(): ChangeStep[] {
  return [{ kind: "confirm-trial", unit: GUARD_UNIT }];
}

/** Removes every trace of a trial that is over: entry, choice, unit, report and note. */
export function clearTrialSteps(facts: HostFacts, loader: BootLoader): ChangeStep[] {
  const hasUnit = facts.boot.files.some((file) => file.path === GUARD_PATH);
  return [
    ...loader.clearTrial(facts),
    ...(hasUnit ? [{ kind: "remove" as const, path: GUARD_PATH }] : []),
    ...removeReport(facts),
    ...(TRIAL_RECORD in facts.records ? [{ kind: "forget" as const, name: TRIAL_RECORD }] : []),
  ];
}

function removeReport(facts: HostFacts): ChangeStep[] {
  return facts.boot.trialReport === undefined ? [] : [{ kind: "remove", path: REPORT_PATH }];
}

/** What is known of a trial that the host has taken back; undefined when there was none. */
export function describeFailedTrial(facts: HostFacts): string | undefined {
  if (!(TRIAL_RECORD in facts.records) || isTrialRunning(facts)) return undefined;
  const report = facts.boot.trialReport;
  const said =
    report === undefined
      ? "It left no report: the kernel, the initramfs or init ended it before user space could write one, or it never began"
      : `It said: ${report.split("\n").join("; ")}`;
  return `the trial boot was not confirmed, and the host is on its old command line; the permanent boot entry was not touched. ${said}`;
}
