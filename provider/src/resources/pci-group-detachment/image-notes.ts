import type { ReleaseImage } from "../../model/boot/initramfs";
import type { HostFacts, HostFile } from "../../model/host-facts";

/** What was found in an initial ramdisk when it was last looked into. */
export interface ImageNote {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedSeconds: number;
  /** Beginning of the rule's SHA-256 at that time. */
  readonly rule: string;
  /** `carried`: it holds the rule. `late`: it holds no driver of the group, so the root file system's rule is in time. */
  readonly verdict: "carried" | "late";
}

/** Name of the host's note on its initial ramdisks, for the group of a device. */
export function imageRecordName(address: string): string {
  return `initramfs-${address}`;
}

/** Reads that note; what it says of images that have changed since is not true any more. */
export function parseImageNotes(facts: HostFacts, address: string): ImageNote[] {
  const rows = (facts.records[imageRecordName(address)] ?? "").split("\n");
  return rows.flatMap((row): ImageNote[] => {
    const [path = "", size, modified, rule = "", verdict] = row.split(" ");
    if (verdict !== "carried" && verdict !== "late") return [];
    return [{ path: `/${path}`, sizeBytes: Number(size), modifiedSeconds: Number(modified), rule, verdict }];
  });
}

/** Whether a note speaks of an image, and of the rule, as they are now. */
export function isNoteOf(note: ImageNote, image: ReleaseImage, rule: HostFile): boolean {
  return (
    note.path === image.path &&
    note.sizeBytes === image.sizeBytes &&
    note.modifiedSeconds === image.modifiedSeconds &&
    rule.sha256.startsWith(note.rule) &&
    note.rule.length === 16
  );
}
