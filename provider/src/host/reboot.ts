import { findTrialId } from "../model/boot/trial/words";
import type { Change } from "../model/change";
import { HostError } from "../model/errors";
import type { HostFacts } from "../model/host-facts";
import { parseCommandLine } from "../model/kernel/command-line";
import { STRICT_CONDITIONS, type RebootConditions } from "../model/reboot/conditions";
import { domainStartChange, renderDomainLines } from "../model/reboot/domain-record";
import { TransportError } from "../transport/errors";
import type { CommandResult } from "../transport/shell";
import { quoteWord, quoteWords } from "./quote";
import { parseRebootReport, rebootError } from "./reboot-report";
import { newNonce, readScript, wholeScript } from "./snapshot/script";
import { connectLine } from "./snapshot/take";
import { parseStepLine, type TransactionReport } from "./transaction/report";
import { changeFunctions } from "./transaction/run";

/** A reboot to be done. */
export interface RebootRequest {
  /** Boot id of the boot that shall end; a host that has another one already was rebooted by someone else. */
  readonly bootId: string;
  /** Longest wait for the host to come back. */
  readonly timeoutSeconds: number;
  /** What the reboot may disturb. Default: nothing. */
  readonly conditions?: RebootConditions;
}

/** What a reboot needs of the host and of time. */
export interface RebootDoor {
  run(script: string, limits: { timeoutMs: number; onLine: (line: string) => void }): Promise<CommandResult>;
  read(): Promise<HostFacts>;
  change(change: Change): Promise<TransactionReport>;
  progress(text: string): void;
}

/** The wait between two looks grows: a small machine is back in seconds, a server takes minutes to test its memory. */
const FIRST_INTERVAL_MS = 500;
const LONGEST_INTERVAL_MS = 3_000;

/** Longest time of the command beside the shutting down of domains: the wait for the lock, the looks, the starts. */
const COMMAND_TIMEOUT_MS = 240_000;

/** After a command whose end nobody saw, a host that answers from its old boot for so long does not go down any more. */
const DOUBT_MS = 30_000;

const STILL_UP = "it still answers from the old boot";

/** Reboots, and proves by the boot id that the host did; domains that were shut down for it run again in the end. */
export async function rebootHost(label: string, request: RebootRequest, door: RebootDoor): Promise<HostFacts> {
  const { conditions = STRICT_CONDITIONS } = request;
  const doubt = await commandReboot(label, request.bootId, conditions, door);
  const doubtMs = DOUBT_MS + conditions.domains.length * conditions.domainShutdownTimeoutSeconds * 1000;
  const facts = await waitForBoot(label, request, door, doubt && { error: doubt, untilMs: Date.now() + doubtMs });
  // A trial may still be taken back, with another reboot: the change that confirms it starts them.
  const isTrial = findTrialId(parseCommandLine(facts.kernel.commandLine)) !== undefined;
  const start = isTrial ? undefined : domainStartChange(facts);
  if (start === undefined) return facts;
  door.progress(`${label}: starting domains again`);
  const { facts: after, notStarted } = await door.change(start);
  if (notStarted === undefined) return after;
  throw new HostError({
    host: label,
    what: `it was rebooted, but not all that ran before runs again: ${notStarted}`,
    next: "mend the cause and run again, which starts them, or start them by hand",
  });
}

/** Returns the error of a connection that was lost meanwhile: whether the host goes down only its boot id can tell. */
async function commandReboot(
  label: string,
  bootId: string,
  conditions: RebootConditions,
  door: RebootDoor,
): Promise<TransportError | undefined> {
  const nonce = newNonce();
  const { domains, domainShutdownTimeoutSeconds } = conditions;
  door.progress(`${label}: rebooting`);
  const limits = {
    // Starting again what had shut down may take as long.
    timeoutMs: COMMAND_TIMEOUT_MS + domains.length * 2 * domainShutdownTimeoutSeconds * 1000,
    onLine: (line: string) => {
      const step = parseStepLine(line, nonce);
      if (step !== undefined && step !== "lock") door.progress(`${label}: ${step}`);
    },
  };
  const result = await door.run(renderReboot(nonce, bootId, conditions), limits).catch(keepLostConnection);
  if (result instanceof TransportError) return result;
  const error = rebootError(label, parseRebootReport(result.stdout, nonce), conditions);
  if (error !== undefined) throw error;
  return undefined;
}

function keepLostConnection(error: unknown): TransportError {
  if (error instanceof TransportError && error.kind === "connection-lost") return error;
  throw error;
}

function renderReboot(nonce: string, bootId: string, conditions: RebootConditions): string {
  const { loggedInUsers, inhibitors, domains, domainShutdownTimeoutSeconds } = conditions;
  const words = ["pt_reboot", bootId, String(domainShutdownTimeoutSeconds), renderDomainLines(domains)];
  return wholeScript(nonce, [
    connectLine(),
    `pt_users=${quoteWord(loggedInUsers)} pt_inhibiting=${quoteWord(inhibitors)}`,
    ...changeFunctions(),
    readScript("reboot.sh"),
    `pt_begin reboot && ${quoteWords(words)}`,
    "pt_section end",
  ]);
}

async function waitForBoot(
  label: string,
  request: RebootRequest,
  door: RebootDoor,
  doubt: { readonly error: TransportError; readonly untilMs: number } | undefined,
): Promise<HostFacts> {
  const start = Date.now();
  const deadline = start + request.timeoutSeconds * 1000;
  let last = STILL_UP;
  let intervalMs = FIRST_INTERVAL_MS;
  while (Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
    intervalMs = Math.min(intervalMs * 1.5, LONGEST_INTERVAL_MS);
    door.progress(`${label}: waiting for the reboot, ${Math.round((Date.now() - start) / 1000)} s`);
    const seen = await lookAt(door, request.bootId);
    if (typeof seen !== "string") return seen;
    if (doubt !== undefined && seen === STILL_UP && Date.now() > doubt.untilMs) throw doubt.error;
    last = seen;
  }
  throw new HostError({
    host: label,
    what: `it was told to reboot and did not come back within ${request.timeoutSeconds} s; the last try said: ${last}`,
    next: "look at its console; once it answers, run again: the provider goes on from what it finds",
  });
}

/** The facts of another boot, or what there is instead. */
async function lookAt(door: RebootDoor, oldBootId: string): Promise<HostFacts | string> {
  try {
    const facts = await door.read();
    return facts.identity.bootId === oldBootId ? STILL_UP : facts;
  } catch (error) {
    // A host that boots refuses connections, then logins; only the deadline makes that a failure.
    return error instanceof Error ? error.message : String(error);
  }
}
