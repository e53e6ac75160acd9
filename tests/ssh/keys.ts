import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Types of key that both servers understand. */
export type KeyType = "ed25519" | "ecdsa" | "rsa";

/** A key pair on disk. */
export interface KeyPair {
  readonly path: string;
  /** `type base64`. */
  readonly publicKey: string;
  /** `SHA256:…`. */
  readonly fingerprint: string;
}

/** Runs a program and returns its output; a missing program is a failure that names the package to install. */
export function runTool(aptPackage: string, program: string, args: readonly string[], env?: NodeJS.ProcessEnv): string {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 20_000, env });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(`${program} is missing; install it with: apt-get install ${aptPackage}`, { cause: error });
  }
}

/** Makes a key pair in OpenSSH's form. */
export function makeKey(dir: string, name: string, type: KeyType, passphrase = ""): KeyPair {
  const path = join(dir, name);
  const size = type === "rsa" ? ["-b", "2048"] : [];
  runTool("openssh-client", "ssh-keygen", ["-q", "-t", type, ...size, "-N", passphrase, "-C", name, "-f", path]);
  return describeKey(path, readFileSync(`${path}.pub`, "utf8"));
}

/** Makes a host key in Dropbear's own form. */
export function makeDropbearKey(dir: string, name: string, type: KeyType): KeyPair {
  const path = join(dir, name);
  const printed = runTool("dropbear-bin", "dropbearkey", ["-t", type, "-f", path]);
  return describeKey(path, printed.split("\n").find((line) => /^(ssh|ecdsa)-/.test(line)) ?? "");
}

function describeKey(path: string, line: string): KeyPair {
  const publicKey = line.trim().split(" ").slice(0, 2).join(" ");
  const bytes = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  const fingerprint = `SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`;
  return { path, publicKey, fingerprint };
}
