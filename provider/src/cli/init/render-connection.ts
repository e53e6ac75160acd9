import { secretPaths, type HostConnection } from "../../model/connection";
import { Code, type Value } from "./declaration";

/** A connection as it is written in a program, and the names of the settings that its secrets come from. */
export interface WrittenConnection {
  readonly value: Value;
  readonly secrets: readonly string[];
}

/** Writes a connection down; its secrets become settings of the stack. */
export function writeConnection(connection: HostConnection): WrittenConnection {
  const paths = secretPaths(connection);
  const secrets = paths.map((path) => nameSecret(path));
  const value = paths.reduce<unknown>(
    (whole, path, i) => replaceAt(whole, path, new Code(`config.requireSecret(${JSON.stringify(secrets[i])})`)),
    connection,
  );
  return { value: dropUndefined(value) as Value, secrets };
}

/** `sudo.password` is another one than `password`. */
function nameSecret(path: readonly (string | number)[]): string {
  return path.map((part, i) => (i === 0 ? String(part) : capitalise(String(part)))).join("");
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function replaceAt(whole: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (Array.isArray(whole))
    return whole.map((member: unknown, i) => (i === head ? replaceAt(member, rest, value) : member));
  const record = whole as Readonly<Record<string, unknown>>;
  return { ...record, [head]: replaceAt(record[head], rest, value) };
}

function dropUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropUndefined);
  if (typeof value !== "object" || value === null || value instanceof Code) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, dropUndefined(member)]])),
  );
}
