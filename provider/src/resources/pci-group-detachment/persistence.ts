import { listImages } from "../../model/boot/initramfs";
import type { HostFacts } from "../../model/host-facts";
import type { PciAddress } from "../../model/pci/address";
import type { DeviceSelector } from "../../model/pci/selector";
import type { JsonObject } from "../definition";
import { findOwnFiles, listDrift, rulePath } from "./boot-files";
import { isNoteOf, parseImageNotes, type ImageNote } from "./image-notes";

/** What is in place for the next boot of the host, as it was read back. */
export interface Persistence extends JsonObject {
  /** Files of ours by which the group is bound at boot; none: it is not. */
  readonly files: readonly string[];
  /** What was found in each initial ramdisk, in words, by its path. */
  readonly images: Readonly<Record<string, string>>;
  /** Why a part of the group is not bound at boot, in words; empty: nothing is wrong. */
  readonly drift: readonly string[];
}

const VERDICTS: Readonly<Record<ImageNote["verdict"], string>> = {
  carried: "holds the rule",
  late: "holds no driver of the group, so it needs no rule",
};

/** Describes what binds a group at boot. */
export function describePersistence(
  facts: HostFacts,
  selector: DeviceSelector,
  address: PciAddress | undefined,
): Persistence {
  const files = findOwnFiles(facts, selector);
  return {
    files: files.map(({ path }) => path),
    images: address === undefined ? {} : describeImages(facts, address),
    drift: listDrift(facts, files),
  };
}

function describeImages(facts: HostFacts, address: PciAddress): Record<string, string> {
  const rule = facts.persistence.files.find(({ path }) => path === rulePath(address));
  if (rule === undefined) return {};
  const notes = parseImageNotes(facts, address);
  return Object.fromEntries(
    listImages(facts).flatMap((image) => {
      const note = notes.find((candidate) => isNoteOf(candidate, image, rule));
      return note === undefined ? [] : [[image.path, VERDICTS[note.verdict]]];
    }),
  );
}
