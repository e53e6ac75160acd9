import type { ServerHostKeyAlgorithm } from "ssh2";
import { readTextFile } from "./environment";
import { describeCause, TransportError } from "./errors";
import { fingerprint, isAbout, type KnownHost, knownHostName, parseKnownHosts, readKeyType } from "./known-hosts";
import type { Target } from "./target";

/** Decides whether the server that answers is the host that was meant. */
export interface HostKeyPolicy {
  /** In order of preference: types of which a key is known come first, so that the server shows one that can be checked. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** The error that speaks against the key; undefined when it is right. */
  readonly verify: (key: Buffer) => TransportError | undefined;
}

/** SHA-1 signatures (`ssh-rsa`) are left out: every server since 2016 has the others. */
const ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** Reads what is known about the host of a target. */
export async function readHostKeyPolicy(target: Target): Promise<HostKeyPolicy> {
  const lines = await readKnownHosts(target);
  const known = lines.filter((line) => line.marker === undefined);
  const types =
    target.hostKeys.length > 0 ? target.hostKeys.map((key) => key.split(" ")[0]) : known.map((line) => line.type);
  return {
    algorithms: orderAlgorithms(new Set(types)),
    verify: (key) => {
      const revoked = lines.find((line) => line.marker === "revoked" && line.key.equals(key));
      if (revoked !== undefined) return revokedError(target, key, revoked);
      if (target.hostKeys.length > 0) return verifyGiven(target, key);
      if (known.some((line) => line.key.equals(key))) return undefined;
      const other = known.find((line) => line.type === readKeyType(key)) ?? known[0];
      return other === undefined ? unknownError(target, key) : mismatchError(target, key, other);
    },
  };
}

function orderAlgorithms(types: ReadonlySet<string | undefined>): ServerHostKeyAlgorithm[] {
  function isKnown(name: string): boolean {
    return types.has(name.startsWith("rsa-") ? "ssh-rsa" : name);
  }
  return [...ALGORITHMS.filter(isKnown), ...ALGORITHMS.filter((name) => !isKnown(name))];
}

/** Lines about the host; a key kept without the port counts when there is none with it, as with OpenSSH. */
async function readKnownHosts(target: Target): Promise<KnownHost[]> {
  const all: KnownHost[] = [];
  for (const file of target.knownHostsFiles) {
    const text = await readTextFile(file).catch((error: unknown) => {
      throw new TransportError({
        ...{ kind: "configuration", host: target.label, property: `${target.property}.knownHostsPath` },
        cause: `cannot read ${file}: ${describeCause(error)}`,
        next: "Make the file readable, or name another one in knownHostsPath",
      });
    });
    all.push(...parseKnownHosts(text ?? "", file));
  }
  const lines = all.filter((line) => line.marker !== "cert-authority");
  const own = lines.filter((line) => isAbout(line, lookupName(target)));
  if (target.hostKeyAlias !== undefined || own.some((line) => line.marker === undefined)) return own;
  return [...own, ...lines.filter((line) => isAbout(line, knownHostName(target.address, 22)))];
}

function lookupName(target: Target): string {
  return target.hostKeyAlias?.toLowerCase() ?? knownHostName(target.address, target.port);
}

function verifyGiven(target: Target, key: Buffer): TransportError | undefined {
  const shown = `${readKeyType(key)} ${key.toString("base64")}`;
  const print = fingerprint(key);
  const isRight = target.hostKeys.some((given) =>
    given.startsWith("SHA256:")
      ? given.replace(/=$/, "") === print
      : given.split(/\s+/).slice(0, 2).join(" ") === shown,
  );
  if (isRight) return undefined;
  const hasFingerprint = target.hostKeys.some((given) => given.startsWith("SHA256:"));
  // A fingerprint does not say which of its keys the server should show; a public key does.
  const hint = hasFingerprint
    ? `A fingerprint in ${target.property}.hostKey must be of a key of this type; for another type give the public key. `
    : "";
  return new TransportError({
    ...{ kind: "host-key-mismatch", host: target.label, property: `${target.property}.hostKey` },
    cause: `the server shows the host key ${readKeyType(key)} ${print}, which is not one of those in ${target.property}.hostKey`,
    next: `${hint}Someone may be listening in, or the host was set up anew. ${howToVerify(key)}; if it is right, put ${print} into ${target.property}.hostKey`,
  });
}

function unknownError(target: Target, key: Buffer): TransportError {
  const line = `${lookupName(target)} ${readKeyType(key)} ${key.toString("base64")}`;
  const file = target.knownHostsFiles[0] ?? `the file named in ${target.property}.knownHostsPath`;
  return new TransportError({
    ...{ kind: "host-key-unknown", host: target.label, property: `${target.property}.hostKey` },
    cause: `its host key is not known: ${readKeyType(key)} ${fingerprint(key)}`,
    next: `${howToVerify(key)}; if it is right, add this line to ${file}:\n${line}\nor put ${fingerprint(key)} into ${target.property}.hostKey`,
  });
}

function mismatchError(target: Target, key: Buffer, known: KnownHost): TransportError {
  return new TransportError({
    ...{ kind: "host-key-mismatch", host: target.label, property: `${target.property}.hostKey` },
    cause: `the server shows the host key ${readKeyType(key)} ${fingerprint(key)}, but ${known.file}:${known.line} knows ${known.type} ${fingerprint(known.key)}`,
    next: `Someone may be listening in, or the host was set up anew. ${howToVerify(key)}; if it is right, replace that line`,
  });
}

function revokedError(target: Target, key: Buffer, revoked: KnownHost): TransportError {
  return new TransportError({
    ...{ kind: "host-key-revoked", host: target.label, property: `${target.property}.hostKey` },
    cause: `the server shows the host key ${readKeyType(key)} ${fingerprint(key)}, which ${revoked.file}:${revoked.line} revokes`,
    next: "Do not trust this server; give the host a new key with ssh-keygen -A and find out why the old one was revoked",
  });
}

function howToVerify(key: Buffer): string {
  const name = readKeyType(key).replace(/^ssh-|-sha2-nistp\d+$/g, "");
  return `Compare the fingerprint with what the host itself says on its console: ssh-keygen -lf /etc/ssh/ssh_host_${name}_key.pub`;
}
