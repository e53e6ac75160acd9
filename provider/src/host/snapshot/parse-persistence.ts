import { createHash } from "node:crypto";
import type { HostFile, ImageFile, PersistenceFacts } from "../../model/host-facts";
import { baseName, type Section, type Sections } from "./sections";

const LEFTOVER = /\.passthrough-(?:old|new)(?:\.new)?$/;

/** Our files that bind functions at boot, and the initial ramdisks. */
export function parsePersistence(sections: Sections): PersistenceFacts {
  return {
    files: sections.all("persistence-file").map(parseFile),
    leftovers: sections.lines("persistence-leftovers").map((path) => `/${path}`),
    images: sections.lines("images").flatMap(parseImage),
    isDracutHooked: sections.lines("present").includes("etc/kernel/postinst.d/dracut"),
    moduleDrivers: sections.lines("present").flatMap((path) => {
      const [, driver] = /^sys\/bus\/pci\/drivers\/([^/]+)\/module\/initstate$/.exec(path) ?? [];
      return driver === undefined ? [] : [driver];
    }),
  };
}

function parseFile(section: Section): HostFile {
  const sha256 = createHash("sha256").update(section.body, "utf8").digest("hex");
  return { path: `/${section.argument}`, sha256, text: section.body };
}

function parseImage(row: string): ImageFile[] {
  const [, size, modified, path] = /^(\d+) (\d+) (.+)$/.exec(row) ?? [];
  if (path === undefined || LEFTOVER.test(baseName(path))) return [];
  return [{ path: `/${path}`, sizeBytes: Number(size), modifiedSeconds: Number(modified) }];
}
