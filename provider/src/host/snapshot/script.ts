import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The text of a shell script that lies beside the code. */
export function readScript(...path: string[]): string {
  return readFileSync(join(__dirname, "..", ...path), "utf8");
}

/** A word that no text of a host can guess. */
export function newNonce(): string {
  return randomBytes(12).toString("hex");
}

/**
 * Wraps a body so that a shell runs all of it or nothing: `sh` reads its script from the connection bit by bit, and one
 * that is cut short must not run half of it.
 */
export function wholeScript(nonce: string, parts: readonly string[]): string {
  return `passthrough_main() {\nnonce=${nonce}\n${parts.join("\n")}\n}\npassthrough_main\nexit $?\n`;
}
