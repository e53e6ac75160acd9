import { randomBytes } from "node:crypto";
import type { Target } from "./target";

/** How a command on the host begins: what sshd is asked to run, and the words that tell us where we are. */
export interface Opening {
  /** Safe in every login shell: words and single quotes only, none from the user. */
  readonly commandText: string;
  /** Line that our shell prints first; whatever stands before it comes from the login shell's start-up files. */
  readonly ready: string;
  /** What sudo prints when it wants the password; undefined when none will be sent. */
  readonly prompt?: string;
  readonly password?: string;
}

/** Plans how to start a shell on the host, as the user who logs in or as root. */
export function planOpening(target: Target): Opening {
  const nonce = randomBytes(8).toString("hex");
  const ready = `passthrough-ready-${nonce}`;
  const shell = `sh -c 'echo ${ready}; exec sh -s'`;
  const password = target.sudo?.password;
  if (target.sudo === undefined) return { commandText: shell, ready };
  if (password === undefined) return { commandText: `sudo -n -- ${shell}`, ready };
  const prompt = `passthrough-password-${nonce}:`;
  // -k: sudo asks even when it remembers the user, so that the dialogue is always the same.
  return { commandText: `sudo -k -S -p ${prompt} -- ${shell}`, ready, prompt, password };
}

/**
 * Text for the shell's standard input. The braces make the shell read the script to its end before it does anything, so
 * a connection that drops half way leaves nothing half done; and no command of the script can read the script.
 */
export function renderInput(script: string): string {
  return `{ { :; ${script}\n\n} </dev/null; exit; }\n`;
}
