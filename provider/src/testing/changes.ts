import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

/** A file of the host that is not as it was. */
export interface FileChange {
  /** Absolute path on the host. */
  readonly path: string;
  readonly kind: "created" | "modified" | "touched" | "deleted";
}

/** Content and stamp of every file, by path on the host. */
export type Picture = ReadonlyMap<string, { readonly content: string; readonly stamp: string }>;

/** Remembers every file and link below a folder. */
export function takePicture(root: string): Picture {
  const picture = new Map<string, { content: string; stamp: string }>();
  for (const entry of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const real = path.join(entry.parentPath, entry.name);
    const stat = fs.lstatSync(real, { bigint: true });
    const content = entry.isSymbolicLink() ? `link ${fs.readlinkSync(real)}` : entry.isFile() ? hash(real) : "special";
    picture.set(real.slice(root.length), { content, stamp: `${stat.ino} ${stat.mtimeNs}` });
  }
  return picture;
}

function hash(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}

/** Says what changed between two pictures, by path. A file written with the bytes it had is `touched`. */
export function comparePictures(before: Picture, after: Picture): FileChange[] {
  const changes: FileChange[] = [];
  for (const [name, now] of after) {
    const was = before.get(name);
    if (was === undefined) changes.push({ path: name, kind: "created" });
    else if (was.content !== now.content) changes.push({ path: name, kind: "modified" });
    else if (was.stamp !== now.stamp) changes.push({ path: name, kind: "touched" });
  }
  for (const name of before.keys()) if (!after.has(name)) changes.push({ path: name, kind: "deleted" });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
