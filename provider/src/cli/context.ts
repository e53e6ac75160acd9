import type { Secrets, SecretQuestions } from "./secrets";
import type { Terminal } from "./terminal";

/** What every command works with. */
export interface Context {
  readonly terminal: Terminal;
  /** Aborted when the user has had enough. */
  readonly signal: AbortSignal;
  /** Reads or asks for the secrets of a connection. */
  readonly readSecrets: (questions: SecretQuestions) => Promise<Secrets>;
}

/** How a command ended: the exit code of the process. */
export const EXIT = { fine: 0, failure: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Text of a value for programs. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
