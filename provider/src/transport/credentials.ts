import type { AnyAuthMethod, ParsedKey } from "ssh2";
import { OrderedAgent } from "./agent";
import { readTextFile } from "./environment";
import { describeCause, TransportError } from "./errors";
import type { KeyReading, KeyRing } from "./private-key";
import type { Target } from "./target";

/** One way to log in, described without its secret. */
export interface LoginAttempt {
  readonly description: string;
  /** The method as the server knows it: an agent's key is a public key there. */
  readonly method: "publickey" | "password" | "keyboard-interactive";
  readonly auth: AnyAuthMethod;
}

/** All ways to log in, in the order in which they are tried. */
export interface Credentials {
  readonly attempts: readonly LoginAttempt[];
  /** Why something was not tried; may grow while the attempts run. */
  readonly notes: string[];
}

/** Reads the keys of a target. Keys that the user named must be usable; default ones are passed over when they are not. */
export async function readCredentials(target: Target, keys: KeyRing): Promise<Credentials> {
  const notes: string[] = [];
  const preferred: Buffer[] = [];
  const given = await readGivenKey(target, keys);
  const found: LoginAttempt[] = [];
  for (const path of target.login.identityFiles) {
    const identity = await readIdentity(path, target, keys);
    preferred.push(...identity.publicKeys);
    if (identity.note !== undefined) notes.push(identity.note);
    if (identity.key !== undefined) found.push(keyAttempt(target, `key ${path}`, identity.key));
  }
  if (given !== undefined) preferred.unshift(given.key.getPublicSSH());
  const givenAttempts = given === undefined ? [] : [keyAttempt(target, given.description, given.key)];
  return {
    attempts: [...givenAttempts, ...agentAttempts(target, preferred, notes), ...found, ...passwordAttempts(target)],
    notes,
  };
}

function keyAttempt(target: Target, description: string, key: ParsedKey): LoginAttempt {
  return { description, method: "publickey", auth: { type: "publickey", username: target.user, key } };
}

function agentAttempts(target: Target, preferred: readonly Buffer[], notes: string[]): LoginAttempt[] {
  const { agent: path, identitiesOnly: onlyPreferred } = target.login;
  if (path === undefined) return [];
  function onFailure(reason: string): void {
    notes.push(`the agent at ${path} did not answer (${reason})`);
  }
  const agent = new OrderedAgent({ path, preferred, onlyPreferred, onFailure });
  return [
    { description: `agent at ${path}`, method: "publickey", auth: { type: "agent", username: target.user, agent } },
  ];
}

/** An interactive dialogue is answered once, and only where it asks for one hidden text: that is the password. */
function passwordAttempts(target: Target): LoginAttempt[] {
  const { password } = target.login;
  if (password === undefined) return [];
  const username = target.user;
  let isAnswered = false;
  return [
    { description: "password", method: "password", auth: { type: "password", username, password } },
    {
      description: "password, asked interactively",
      method: "keyboard-interactive",
      auth: {
        type: "keyboard-interactive",
        username,
        prompt: (_name, _instructions, _language, prompts, finish) => {
          const isPassword = !isAnswered && prompts.length === 1 && prompts[0]?.echo !== true;
          isAnswered = true;
          finish(isPassword ? [password] : prompts.map(() => ""));
        },
      },
    },
  ];
}

async function readGivenKey(
  target: Target,
  keys: KeyRing,
): Promise<{ key: ParsedKey; description: string } | undefined> {
  const { privateKey, privateKeyPath, passphrase } = target.login;
  if (privateKey !== undefined) {
    const key = requireKey(target, keys.read(privateKey, passphrase), "privateKey", `${target.property}.privateKey`);
    return { key, description: "the given private key" };
  }
  if (privateKeyPath === undefined) return undefined;
  const text = await readTextFile(privateKeyPath).catch((error: unknown) => {
    throw keyError(target, "privateKeyPath", `cannot read the private key ${privateKeyPath}: ${describeCause(error)}`);
  });
  if (text === undefined) throw keyError(target, "privateKeyPath", `the private key ${privateKeyPath} does not exist`);
  const key = requireKey(target, keys.read(text, passphrase), "privateKeyPath", privateKeyPath);
  return { key, description: `key ${privateKeyPath}` };
}

function requireKey(target: Target, reading: KeyReading, field: string, name: string): ParsedKey {
  switch (reading.kind) {
    case "key":
      if (reading.key.isPrivateKey()) return reading.key;
      throw keyError(target, field, `${name} is a public key, where the private one belongs`);
    case "passphrase-missing":
      throw keyError(target, "passphrase", `the private key ${name} is encrypted and no passphrase is given`);
    case "passphrase-wrong":
      throw keyError(target, "passphrase", `the passphrase does not open the private key ${name}`);
    case "unreadable":
      throw keyError(target, field, `${name} is not a private key that can be read (${reading.reason})`);
  }
}

function keyError(target: Target, field: string, cause: string): TransportError {
  const property = `${target.property}.${field}`;
  return new TransportError({ kind: "authentication", host: target.label, property, cause, next: `Check ${property}` });
}

interface Identity {
  readonly key?: ParsedKey;
  readonly publicKeys: readonly Buffer[];
  readonly note?: string;
}

/** An identity file may be missing, encrypted, or just the public half of a key that the agent holds. */
async function readIdentity(path: string, target: Target, keys: KeyRing): Promise<Identity> {
  const half = keys.read((await readTextFile(`${path}.pub`).catch(() => undefined)) ?? "", undefined);
  const publicKeys = half.kind === "key" ? [half.key.getPublicSSH()] : [];
  const text = await readTextFile(path).catch(describeCause);
  if (text === undefined) return { publicKeys };
  const reading = keys.read(text, target.login.passphrase);
  switch (reading.kind) {
    case "key":
      return { publicKeys: [reading.key.getPublicSSH()], ...(reading.key.isPrivateKey() ? { key: reading.key } : {}) };
    case "passphrase-missing":
    case "passphrase-wrong":
      return { publicKeys, note: `the key ${path} is encrypted, and the passphrase is missing or another` };
    case "unreadable":
      return { publicKeys, note: `the key ${path} could not be read (${reading.reason})` };
  }
}
