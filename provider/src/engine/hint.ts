import { z } from "zod";
import type { RawSnapshot } from "../host/snapshot/take";

/** What the program hands over beside a resource's inputs, so that hosts are read side by side. */
export type HostHint =
  { readonly snapshot: RawSnapshot } | { readonly failure: { readonly property: string; readonly message: string } };

const Hint = z.union([
  z.strictObject({ snapshot: z.strictObject({ nonce: z.string(), output: z.string() }) }),
  z.strictObject({ failure: z.strictObject({ property: z.string(), message: z.string() }) }),
]);

/** Text of a hint: one string passes Pulumi's serialiser in one piece. */
export function renderHint(hint: HostHint): string {
  return JSON.stringify(hint);
}

/** Reads a hint; undefined for anything else, such as a value that is not known yet. */
export function parseHint(text: unknown): HostHint | undefined {
  if (typeof text !== "string" || !text.startsWith("{")) return undefined;
  const parsed = Hint.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}
