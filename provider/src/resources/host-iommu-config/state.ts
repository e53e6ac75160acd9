import { z } from "zod";
import type { JsonObject } from "../definition";

/** What has to be known to take our words out again. It is stored in the state and, for lost answers, on the host. */
export const Ownership = z.object({
  /** Words that we added. */
  added: z.array(z.string()),
  /** Words that we took out or replaced. */
  removed: z.array(z.string()),
  /** Lines before and after, by file. */
  files: z.array(z.object({ path: z.string(), before: z.string(), after: z.string() })),
});
export type Ownership = z.infer<typeof Ownership>;

export const NOTHING_OWNED: Ownership = { added: [], removed: [], files: [] };

/** What may have to be taken back while a change goes on, of which nobody knows yet how far it will come. */
export function mergeOwnership(before: Ownership, after: Ownership): Ownership {
  const files = [...before.files, ...after.files];
  return {
    added: [...new Set([...before.added, ...after.added])],
    removed: [...new Set([...before.removed, ...after.removed])],
    files: files.filter((undo, i) => files.findIndex((other) => isSameUndo(undo, other)) === i),
  };
}

function isSameUndo(left: Ownership["files"][number], right: Ownership["files"][number]): boolean {
  return left.path === right.path && left.before === right.before && left.after === right.after;
}

/** Name of the host's note of it. */
export const OWNERSHIP_RECORD = "HostIommuConfig";

/** Reads the note; what is not ours or broken counts as none. */
export function parseOwnership(text: string | undefined): Ownership | undefined {
  if (text === undefined) return undefined;
  try {
    return Ownership.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Outputs of a HostIommuConfig. */
export interface HostIommuConfigState extends JsonObject {
  /** Command line of the next boot. */
  readonly kernelCommandLine: string;
  /** Command line of this boot. */
  readonly runningCommandLine: string;
  readonly iommuActive: boolean;
  readonly groupCount: number;
  readonly rebootRequired: boolean;
  /** Why, in sentences. */
  readonly reasons: readonly string[];
  readonly firmwareTables: readonly string[];
  /** `vmx`, `svm`, or empty. */
  readonly cpuVirtualization: string;
  readonly usedBootLoader: string;
  readonly ownership: Ownership & JsonObject;
}
