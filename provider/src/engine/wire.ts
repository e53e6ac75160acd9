import { stableText } from "../model/stable-text";

/**
 * Values as Pulumi's engine sends them to a dynamic provider: unknown values are a fixed text, secrets arrive bare and go
 * back in an envelope. Both constants are part of Pulumi's protocol and fixed for ever.
 */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** A path of names and indexes into a value. */
export type ValuePath = readonly (string | number)[];

/** A value marked as secret, as the engine wants it back. */
export function toSecret(value: unknown): Record<string, unknown> {
  return { [SIGNATURE_KEY]: SECRET_SIGNATURE, value };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Takes envelopes off, at any depth. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (!isRecord(value)) return value;
  if (value[SIGNATURE_KEY] === SECRET_SIGNATURE) return bare(value["value"]);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bare(member)]));
}

/** Paths of the unknown values in a value. A text that was put together from one holds it somewhere inside. */
export function unknownPaths(value: unknown, path: ValuePath = []): ValuePath[] {
  if (typeof value === "string") return value.includes(UNKNOWN) ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((member, i) => unknownPaths(member, [...path, i]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => unknownPaths(member, [...path, key]));
}

/** A copy in which the values at these paths are in secret envelopes. */
export function withSecrets(value: unknown, paths: readonly ValuePath[]): unknown {
  return paths.reduce(wrapAt, value);
}

function wrapAt(value: unknown, path: ValuePath): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return toSecret(value);
  if (Array.isArray(value)) return value.map((member: unknown, i) => (i === head ? wrapAt(member, rest) : member));
  if (!isRecord(value) || !(head in value)) return value;
  return { ...value, [head]: wrapAt(value[head], rest) };
}

/** Whether one path leads to or through the other. */
export function areRelated(a: ValuePath, b: ValuePath): boolean {
  const shared = Math.min(a.length, b.length);
  return a.slice(0, shared).every((part, i) => String(part) === String(b[i]));
}

/** A path as Pulumi writes it: `devices[0].address`. */
export function formatPath(path: ValuePath): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

/** Equality of values that came from JSON, whatever the order of their members. */
export function areEqual(a: unknown, b: unknown): boolean {
  return stableText(a) === stableText(b);
}
