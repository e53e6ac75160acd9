import { createHash } from "node:crypto";
import { isNativeError } from "node:util/types";
import { type ParsedKey, utils } from "ssh2";

/** A key as far as it could be read. */
export type KeyReading =
  | { readonly kind: "key"; readonly key: ParsedKey }
  | { readonly kind: "passphrase-missing" }
  | { readonly kind: "passphrase-wrong" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Reads keys and remembers what it read: decrypting one takes a good part of a second, and a fleet shares its key. */
export class KeyRing {
  private readonly readings = new Map<string, KeyReading>();

  read(text: string, passphrase: string | undefined): KeyReading {
    const id = createHash("sha256")
      .update(JSON.stringify([text, passphrase]))
      .digest("hex");
    const known = this.readings.get(id) ?? parseKey(text, passphrase);
    this.readings.set(id, known);
    return known;
  }
}

function parseKey(text: string, passphrase: string | undefined): KeyReading {
  const plain = utils.parseKey(text);
  if (!isNativeError(plain)) return { kind: "key", key: plain };
  // ssh2 tells an encrypted key from a broken one by this text alone.
  if (!/no passphrase given/i.test(plain.message)) return { kind: "unreadable", reason: plain.message };
  if (passphrase === undefined) return { kind: "passphrase-missing" };
  const decrypted = utils.parseKey(text, passphrase);
  return isNativeError(decrypted) ? { kind: "passphrase-wrong" } : { kind: "key", key: decrypted };
}
