import { createHash, createHmac } from "node:crypto";

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** Names, wildcards, negations and hashes, as written. */
  readonly patterns: readonly string[];
  readonly type: string;
  readonly key: Buffer;
  readonly file: string;
  readonly line: number;
}

/** Reads the lines of a known_hosts file; lines that make no sense are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split("\n").flatMap((line, index) => parseLine(line.trim(), file, index + 1));
}

function parseLine(text: string, file: string, line: number): KnownHost[] {
  if (text === "" || text.startsWith("#")) return [];
  const words = text.split(/\s+/);
  const marker = words[0]?.startsWith("@") === true ? words.shift()?.slice(1) : undefined;
  if (marker !== undefined && marker !== "revoked" && marker !== "cert-authority") return [];
  const [names, type, base64] = words;
  if (names === undefined || type === undefined || base64 === undefined) return [];
  const key = Buffer.from(base64, "base64");
  if (readKeyType(key) !== type) return [];
  return [{ marker, patterns: names.split(","), type, key, file, line }];
}

/** The name under which known_hosts keeps a host: `[host]:port` unless the port is 22. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Whether a line is about the host of that name; a negated pattern that fits excludes it. */
export function isAbout(known: KnownHost, name: string): boolean {
  const negated = known.patterns.filter((pattern) => pattern.startsWith("!"));
  if (negated.some((pattern) => matchesPattern(pattern.slice(1), name))) return false;
  return known.patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, name));
}

function matchesPattern(pattern: string, name: string): boolean {
  if (pattern.startsWith("|1|")) return matchesHash(pattern, name);
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(name);
}

/** Hashed names are `|1|salt|HMAC-SHA1(salt, name)`, both in base64. */
function matchesHash(pattern: string, name: string): boolean {
  const [, , salt = "", hash = ""] = pattern.split("|");
  const expected = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.equals(Buffer.from(hash, "base64"));
}

/** The type that a public key in SSH's binary form says it has; an empty text when it is no such key. */
export function readKeyType(key: Buffer): string {
  if (key.length < 4) return "";
  return key.toString("latin1", 4, 4 + key.readUInt32BE(0));
}

/** `SHA256:…` as ssh-keygen prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}
