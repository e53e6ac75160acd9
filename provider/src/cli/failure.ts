import { HostError } from "../model/errors";
import { TransportError } from "../transport/errors";
import { hang } from "./layout";
import { makePrintable, type Terminal } from "./terminal";

/** What a user needs from an error. */
export interface Failure {
  readonly host?: string;
  /** What went wrong and why. */
  readonly cause: string;
  /** What to do next; absent where the cause says it. */
  readonly next?: string;
}

/** A command that was called in a way that it does not understand. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An error of the command itself: expected, and for people. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.cause);
    this.failure = failure;
  }
}

/** Puts an error into words; the inputs of a program that it names become the options of this command. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandError) return error.failure;
  if (error instanceof TransportError) {
    return { host: error.host, cause: nameOptions(error.what), next: nameOptions(error.next) };
  }
  if (error instanceof HostError) {
    const { host, what, next } = error.facts;
    return { host, cause: nameOptions(what), next: nameOptions(next) };
  }
  return { cause: error instanceof Error ? error.message : String(error) };
}

/** What an input of a program is here; the rest of a connection has no option of its own. */
const OPTIONS: Readonly<Record<string, string>> = {
  hostKey: "--host-key",
  knownHostsPath: "--known-hosts",
  sshConfigPath: "--ssh-config",
  privateKeyPath: "--identity",
  privateKey: "--identity",
  passphrase: "--ask-passphrase",
  password: "--ask-password",
  agent: "--no-agent",
  sudo: "--sudo",
  "sudo.password": "--ask-sudo-password",
  jumpHost: "--jump",
  port: "--port",
  user: "--user",
  connectTimeoutSeconds: "--connect-timeout",
  commandTimeoutSeconds: "--command-timeout",
};

/** Replaces names such as `host.hostKey`. */
export function nameOptions(text: string): string {
  return text.replace(/\bhost\.([A-Za-z]+(?:\.password)?)\b/g, (whole, name: string) => OPTIONS[name] ?? whole);
}

/** The lines of an error: who, why, what next. */
export function renderFailure(failure: Failure, { sayPaint: paint, sayColumns: columns }: Terminal): string {
  const { host, cause, next } = makePrintable(failure);
  const mark = `${paint.bad("error:")} `;
  const what = host === undefined ? cause : `${paint.title(host)}: ${cause}`;
  const lines = [
    ...hang(mark, what, columns),
    ...(next === undefined ? [] : hang(`${" ".repeat(4)}${paint.note("→")} `, sentence(next), columns)),
  ];
  return `${lines.join("\n")}\n`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
