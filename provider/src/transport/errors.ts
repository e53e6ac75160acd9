import { isNativeError } from "node:util/types";

/** What went wrong, for code that has to decide. */
export type TransportErrorKind =
  | "unreachable"
  | "host-key-unknown"
  | "host-key-mismatch"
  | "host-key-revoked"
  | "authentication"
  | "sudo"
  | "timeout"
  | "connection-lost"
  | "output-limit"
  | "configuration";

/** The facts of a failure. `cause` says what happened, `next` what to do about it; neither may hold a secret. */
export interface TransportFailure {
  readonly kind: TransportErrorKind;
  readonly host: string;
  readonly property: string;
  readonly cause: string;
  readonly next: string;
  /** True where the same attempt may well succeed a moment later. */
  readonly isTransient?: boolean;
}

/** A failure to reach a host or to run a command on it. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly kind: TransportErrorKind;
  /** Label of the host, as the user wrote it. */
  readonly host: string;
  /** Path of the input to look at, such as `host.hostKey`. */
  readonly property: string;
  /** What happened. */
  readonly what: string;
  /** What to do about it. */
  readonly next: string;
  readonly isTransient: boolean;

  constructor(failure: TransportFailure) {
    super(`${failure.host}: ${failure.cause}. ${failure.next}`);
    this.kind = failure.kind;
    this.host = failure.host;
    this.property = failure.property;
    this.what = failure.cause;
    this.next = failure.next;
    this.isTransient = failure.isTransient ?? false;
  }
}

/** Text of whatever was thrown; Node's errors of several addresses at once have a code but no message. */
export function describeCause(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  return error.message === "" ? (readErrorCode(error) ?? error.name) : error.message;
}

/** Code of a system error, such as `ECONNREFUSED`. */
export function readErrorCode(error: unknown): string | undefined {
  const code = readErrorField(error, "code");
  return typeof code === "string" ? code : undefined;
}

/** What an error carries beside its message; undefined for anything else. */
export function readErrorField(error: unknown, name: string): unknown {
  // Not `instanceof`: an error of Node's own may come from another realm.
  return isNativeError(error) && name in error ? (error as unknown as Record<string, unknown>)[name] : undefined;
}
