import type { Change } from "../../model/change";
import { HostError } from "../../model/errors";
import { describePackageManager } from "../../model/reboot/activity";
import type { ReadingRequest } from "../../model/reading";
import type { RemoteShell } from "../../transport/shell";
import { parseActivity } from "../snapshot/parse-activity";
import { newNonce, readScript, wholeScript } from "../snapshot/script";
import { requestLines, snapshotFunctions } from "../snapshot/take";
import { renderChange } from "./render";
import { parseReport, parseStepLine, type TransactionReport } from "./report";

/** How a transaction is run. */
export interface TransactionOptions {
  readonly timeoutMs: number;
  /** What the steps and the reading behind them are about. Default: the system's libvirt. */
  readonly request?: ReadingRequest;
  readonly signal?: AbortSignal;
  /** Called with the name of each step when it begins. */
  readonly onStep?: (step: string) => void;
}

/** The functions of changes and of the reading at their end. */
export function changeFunctions(): string[] {
  const own = [
    readScript("transaction", "transaction.sh"),
    readScript("transaction", "boot-loaders.sh"),
    readScript("transaction", "guests.sh"),
    readScript("lock.sh"),
    readScript("domains.sh"),
    readScript("transaction", "initramfs.sh"),
    readScript("transaction", "virtual-functions.sh"),
    readScript("transaction", "packages.sh"),
  ];
  return [...snapshotFunctions(), ...own];
}

/**
 * Carries a change to the host as one command and reads the host back with the same. Resolves only when all steps are
 * done; throws a HostError that says what failed, that it was taken back, or that the facts were stale.
 */
export async function runTransaction(
  shell: RemoteShell,
  change: Change,
  options: TransactionOptions,
): Promise<TransactionReport> {
  const nonce = newNonce();
  const { onStep, request = {}, ...limits } = options;
  const script = wholeScript(nonce, [
    ...requestLines(request),
    ...changeFunctions(),
    renderChange(change),
    "pt_snapshot",
  ]);
  const result = await shell.run({
    script,
    ...limits,
    onLine: (line) => {
      const step = parseStepLine(line, nonce);
      if (step !== undefined) onStep?.(step);
    },
  });
  const report = parseReport(result.stdout, nonce);
  if (report.outcome !== "done") throw transactionError(shell.label, report);
  return report;
}

function transactionError(host: string, report: TransactionReport): HostError {
  const reason = report.reason ?? "no reason given";
  switch (report.outcome) {
    case "busy":
      return new HostError({
        host,
        what: `a package manager is at work: ${parseActivity(reason.split("\n")).packageManagers.map(describePackageManager).join(", ")}; nothing was written`,
        next: "wait until it has ended, then run again",
      });
    case "stale":
      return new HostError({
        host,
        what: `planned on stale facts: ${reason} since the host was read; nothing was written`,
        next: "run the preview again and look at the new plan",
      });
    case "rolled-back":
      if (report.failedStep === "lock") return lockError(host, reason);
      return new HostError({
        host,
        what: `step "${report.failedStep ?? "?"}" failed: ${reason}; everything before it was taken back`,
        next: "mend the cause and run again; /var/lib/passthrough/journal on the host has every step",
      });
    case "broken":
    case "done":
      return new HostError({
        host,
        what: `step "${report.failedStep ?? "?"}" failed: ${reason}; and not all of what came before could be taken back`,
        next: "look at /var/lib/passthrough/journal on the host; the originals of files are in /var/lib/passthrough/originals",
      });
  }
}

/** Before the lock is ours there is nothing to take back. */
function lockError(host: string, reason: string): HostError {
  return new HostError({
    host,
    what: `the change could not begin: ${reason}; nothing was written`,
    next: "see what is under way on the host (its last lines are in /var/lib/passthrough/journal), and run again when that has ended or the cause is mended",
  });
}
