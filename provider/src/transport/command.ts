import { setTimeout as delay } from "node:timers/promises";
import type { ClientChannel } from "ssh2";
import { unlessAborted } from "./abort";
import type { ChannelSlots } from "./channel-slots";
import { Conversation, ConversationError, type ConversationFailure } from "./conversation";
import { describeCause, TransportError, type TransportFailure } from "./errors";
import type { Link } from "./link";
import { planOpening } from "./opening";
import type { CommandResult, RemoteCommand } from "./remote-shell";
import type { Target } from "./target";

/** Longest quotation of what a host said. */
const MAX_QUOTE = 500;
/** sshd frees a session a moment after it has closed its channel. */
const LONE_REFUSAL_DELAY_MS = 100;
const MAX_LONE_REFUSALS = 5;

/** Runs a script on a channel of its own as soon as one is free. */
export async function runCommand(link: Link, slots: ChannelSlots, command: RemoteCommand): Promise<CommandResult> {
  return attemptCommand(link, slots, command, MAX_LONE_REFUSALS);
}

/** `patience` counts the refusals that are still borne when no other command runs, of which the end could be awaited. */
async function attemptCommand(
  link: Link,
  slots: ChannelSlots,
  command: RemoteCommand,
  patience: number,
): Promise<CommandResult> {
  await waitForSlot(link, slots, command.signal);
  let isHeld = true;
  try {
    return await converse(link, command);
  } catch (error) {
    if (!(error instanceof ChannelRefused)) throw error;
    isHeld = false;
    if (slots.releaseRefused()) return await attemptCommand(link, slots, command, patience);
    if (patience === 0) throw refusedError(link.target, error.message);
    await delay(LONE_REFUSAL_DELAY_MS);
    return await attemptCommand(link, slots, command, patience - 1);
  } finally {
    if (isHeld) slots.release();
  }
}

/** The host has no channel to give, which may change when another command ends. */
class ChannelRefused extends Error {}

async function waitForSlot(link: Link, slots: ChannelSlots, signal: AbortSignal | undefined): Promise<void> {
  const stop = watchFor(link, { signal });
  try {
    await slots.acquire(stop.signal);
  } finally {
    stop.end();
  }
}

async function converse(link: Link, command: RemoteCommand): Promise<CommandResult> {
  const timeoutMs = command.timeoutMs ?? link.target.commandTimeoutMs;
  const stop = watchFor(link, { signal: command.signal, timeoutMs });
  const opening = planOpening(link.target);
  const channel = execute(link, opening.commandText);
  let conversation: Conversation | undefined;
  try {
    conversation = new Conversation(await unlessAborted(channel, stop.signal), opening, command);
    return await unlessAborted(conversation.result, stop.signal);
  } catch (error) {
    if (conversation !== undefined && !link.lost.aborted) await conversation.abandon();
    if (conversation === undefined) channel.then((late) => late.destroy()).catch(() => undefined);
    throw error instanceof ConversationError ? explain(link.target, error.failure) : error;
  } finally {
    stop.end();
  }
}

async function execute(link: Link, commandText: string): Promise<ClientChannel> {
  try {
    return await link.execute(commandText);
  } catch (error) {
    if (link.lost.aborted) throw lostError(link);
    throw new ChannelRefused(describeCause(error));
  }
}

interface Watch {
  /** Aborted with the error to throw. */
  readonly signal: AbortSignal;
  end(): void;
}

/** Waits for whatever ends a command early: time, the caller, the connection. */
function watchFor(link: Link, limits: { signal: AbortSignal | undefined; timeoutMs?: number }): Watch {
  const { signal, timeoutMs } = limits;
  const controller = new AbortController();
  function onLost(): void {
    controller.abort(lostError(link));
  }
  function onCancel(): void {
    controller.abort(cancelledError(link.target));
  }
  function onTime(): void {
    controller.abort(slowError(link.target, timeoutMs ?? 0));
  }
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTime, timeoutMs);
  link.lost.addEventListener("abort", onLost);
  signal?.addEventListener("abort", onCancel);
  if (link.lost.aborted) onLost();
  if (signal?.aborted === true) onCancel();
  function end(): void {
    clearTimeout(timer);
    link.lost.removeEventListener("abort", onLost);
    signal?.removeEventListener("abort", onCancel);
  }
  return { signal: controller.signal, end };
}

function fail(target: Target, failure: Omit<TransportFailure, "host" | "property">, field?: string): TransportError {
  const property = field === undefined ? target.property : `${target.property}.${field}`;
  return new TransportError({ ...failure, host: target.label, property });
}

function lostError(link: Link): TransportError {
  return fail(link.target, {
    kind: "connection-lost",
    cause: `the connection was lost while a command was running or about to (${String(link.lost.reason)})`,
    next: "What the command had done is not known; run it again, which looks at the host first",
  });
}

function cancelledError(target: Target): TransportError {
  return fail(target, { kind: "timeout", cause: "the command was cancelled", next: "Run it again" });
}

function slowError(target: Target, timeoutMs: number): TransportError {
  const failure: Omit<TransportFailure, "host" | "property"> = {
    kind: "timeout",
    cause: `a command did not end within ${timeoutMs / 1000} seconds and was given up`,
    next: `Look on the host for what hangs (ps -ef), or raise ${target.property}.commandTimeoutSeconds`,
  };
  return fail(target, failure, "commandTimeoutSeconds");
}

function refusedError(target: Target, reason: string): TransportError {
  return fail(target, {
    kind: "configuration",
    cause: `the SSH server does not let ${target.user} run a command (${reason})`,
    next: "Check MaxSessions, ForceCommand and the user's login shell on the host",
  });
}

function explain(target: Target, failure: ConversationFailure): TransportError {
  switch (failure.kind) {
    case "sudo-password":
      return fail(
        target,
        {
          kind: "sudo",
          cause: `sudo did not take the password of ${target.user}`,
          next: `Check ${target.property}.sudo.password`,
        },
        "sudo.password",
      );
    case "output-limit":
      return fail(target, {
        kind: "output-limit",
        cause: `a command printed more than ${failure.maxBytes} bytes and was given up`,
        next: "Look on the host for what is unusually large",
      });
    case "not-ready":
      return notReadyError(target, failure.said);
    case "callback":
      throw failure.error;
  }
}

function notReadyError(target: Target, said: string): TransportError {
  const quote = said.trim() === "" ? "it said nothing" : `it said: ${said.trim().slice(0, MAX_QUOTE)}`;
  if (target.sudo === undefined) {
    return fail(target, {
      kind: "configuration",
      cause: `sh did not start for ${target.user}; ${quote}`,
      next: "Check the user's login shell and ForceCommand on the host",
    });
  }
  const next =
    target.sudo.password === undefined
      ? `Allow ${target.user} to run sudo without a password (NOPASSWD), or give ${target.property}.sudo.password`
      : `Allow ${target.user} to run sh through sudo, as \`sudo -l\` shows`;
  return fail(target, { kind: "sudo", cause: `sudo did not start a shell for ${target.user}; ${quote}`, next }, "sudo");
}
