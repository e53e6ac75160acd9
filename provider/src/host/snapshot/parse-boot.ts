import { createHash } from "node:crypto";
import { parseGrubConfig } from "../../model/boot/grub-config";
import type { BootFacts, GrubConfigFacts, HostFile } from "../../model/host-facts";
import { baseName, lines, type Section, type Sections } from "./sections";

/** Boot files, tools and the boot menu. */
export function parseBoot(sections: Sections): BootFacts {
  const hashes = parseHashes(sections.lines("hashes"));
  const texts = new Map(sections.all("text").map((section) => [section.argument, section.body]));
  const files = [...hashes].map(([path, sha256]) => hostFile(path, sha256, texts.get(path)));
  const [menu] = sections.all("grub-config").flatMap(parseMenu);
  const [environment] = sections.all("grub-environment");
  return {
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    tools: Object.fromEntries(sections.lines("tools").map((path) => [baseName(path), path])),
    kernels: sections.lines("kernels").map((path) => path.slice("boot/vmlinuz-".length)),
    leftovers: sections.lines("leftovers").map((path) => `/${path}`),
    markers: sections.lines("markers").map((path) => `/${path}`),
    ...(menu !== undefined && { grubConfig: menu }),
    ...(environment !== undefined && { grubEnvironment: parseAssignments(lines(environment.body)) }),
  };
}

function parseHashes(rows: readonly string[]): Map<string, string> {
  return new Map(
    rows.flatMap((row) => {
      const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(row) ?? [];
      return sha256 === undefined || path === undefined ? [] : [[path, sha256] as const];
    }),
  );
}

/** A text counts only when it is what the host hashed: a cut, a NUL or a byte that is no UTF-8 shows here. */
function hostFile(path: string, sha256: string, text: string | undefined): HostFile {
  const isWhole = text !== undefined && createHash("sha256").update(text, "utf8").digest("hex") === sha256;
  return { path: `/${path}`, sha256, ...(isWhole && { text }) };
}

function parseMenu(section: Section): GrubConfigFacts[] {
  const [hash = "", ...rows] = lines(section.body);
  const sha256 = /^[0-9a-f]{64}/.exec(hash)?.[0];
  if (sha256 === undefined) return [];
  const usesBls = rows.some((row) => row.trim().split(/\s+/)[0] === "blscfg");
  return [{ path: `/${section.argument}`, sha256, usesBls, entries: parseGrubConfig(ownEntries(rows).join("\n")) }];
}

/** The lines of this system's kernels: other scripts add entries of other systems, with command lines of their own. */
function ownEntries(rows: readonly string[]): readonly string[] {
  const begin = rows.findIndex((row) => /^### BEGIN .*\/10_linux/.test(row));
  const end = rows.findIndex((row) => /^### END .*\/10_linux/.test(row));
  return begin === -1 || end < begin ? rows : rows.slice(begin + 1, end);
}

function parseAssignments(rows: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    rows.flatMap((row) => {
      const split = row.indexOf("=");
      return split < 1 ? [] : [[row.slice(0, split), row.slice(split + 1)]];
    }),
  );
}
