import { describeCause, readErrorCode, readErrorField, TransportError } from "./errors";
import type { Target } from "./target";

/** Codes that may be gone a moment later, such as while a host boots. */
const TRANSIENT: ReadonlySet<string | undefined> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
]);

const CHECK_SERVER = "Check that the host is up, that its SSH server runs and that address and port are right";

const ADVICE: Readonly<Record<string, string>> = {
  ENOTFOUND: "Check the spelling, or give the address as a number",
  EAI_AGAIN: "Check this machine's name server, or give the address as a number",
  ETIMEDOUT: "Check that the host is up and that no firewall swallows the packets",
};

/** The error of a connection that failed before the login. */
export function connectError(target: Target, error: unknown): TransportError {
  const code = readErrorCode(error);
  // ssh2's own word for a server that hangs up at once, as sshd does above MaxStartups.
  const isHungUp = describeCause(error) === "Connection lost before handshake";
  if (code === undefined && !isHungUp) return handshakeError(target, error);
  return new TransportError({
    ...{ kind: "unreachable", host: target.label, property: target.property },
    cause: `cannot connect to ${describeEndpoint(target)}: ${describeCause(error)}`,
    next: isHungUp ? CHECK_LOG : (ADVICE[code ?? ""] ?? CHECK_SERVER),
    isTransient: isHungUp || TRANSIENT.has(code),
  });
}

const CHECK_LOG = "Look at the SSH server's log on the host; too many connections at once (MaxStartups) look like this";

/** The error of a server that hung up during the handshake. */
export function closedError(target: Target): TransportError {
  return new TransportError({
    ...{ kind: "unreachable", host: target.label, property: target.property },
    cause: `${describeEndpoint(target)} closed the connection during the handshake`,
    next: CHECK_LOG,
    isTransient: true,
  });
}

/** The error of an attempt that took too long. */
export function slowError(target: Target, budgetMs: number): TransportError {
  return new TransportError({
    ...{ kind: "unreachable", host: target.label, property: target.property },
    cause: `${describeEndpoint(target)} did not complete the connection within ${Math.round(budgetMs / 100) / 10} seconds`,
    next: `Check that the host is up and that no firewall swallows the packets, or raise ${target.property}.connectTimeoutSeconds`,
    isTransient: true,
  });
}

/** The error of a connection that the caller gave up. */
export function cancelledError(target: Target): TransportError {
  return new TransportError({
    ...{ kind: "timeout", host: target.label, property: target.property },
    cause: "connecting was cancelled",
    next: "Run it again",
  });
}

/** The error of a jump host that does not lead on. `reason` 2 is SSH's "connect failed", which may pass. */
export function forwardError(target: Target, jump: Target, error: unknown): TransportError {
  const isConnectFailure = readErrorField(error, "reason") === 2;
  return new TransportError({
    ...{ kind: "unreachable", host: target.label, property: target.property },
    cause: `${jump.label} cannot connect to ${describeEndpoint(target)}: ${describeCause(error)}`,
    next: isConnectFailure
      ? `${CHECK_SERVER}, as seen from the jump host`
      : "Check that the jump host allows forwarding (AllowTcpForwarding) and that its connection is stable",
    isTransient: isConnectFailure,
  });
}

function handshakeError(target: Target, error: unknown): TransportError {
  return new TransportError({
    ...{ kind: "configuration", host: target.label, property: target.property },
    cause: `no SSH connection to ${describeEndpoint(target)}: ${describeCause(error)}`,
    next: "Check that an SSH server of today listens there (OpenSSH 7.2 or newer, or Dropbear 2020 or newer)",
  });
}

function describeEndpoint(target: Target): string {
  return `${target.address.includes(":") ? `[${target.address}]` : target.address} port ${target.port}`;
}
