import { createHash } from "node:crypto";
import { listBlsEntries } from "../../model/boot/grub-bls-entries";
import { parseGrubConfig } from "../../model/boot/grub-config";
import type { BootFacts, GrubConfigFacts, GrubEnvironmentBlock, HostFile } from "../../model/host-facts";
import { parseOtherLoaders } from "./parse-other-loaders";
import { baseName, lines, type Section, type Sections } from "./sections";

/** Boot files, tools and the boot menu. */
export function parseBoot(sections: Sections): BootFacts {
  const hashes = parseHashes(sections.lines("hashes"));
  const texts = new Map(sections.all("text").map((section) => [section.argument, section.body]));
  const files = [...hashes].map(([path, sha256]) => hostFile(path, sha256, texts.get(path)));
  const menu = chooseMenu(sections);
  const [report] = sections.all("trial-report");
  const environment = besideMenu(sections.all("grub-environment"), menu);
  const settings = environment === undefined ? undefined : parseAssignments(lines(environment.body));
  const block = environment === undefined ? [] : parseBlock(environment.argument, sections);
  return {
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    tools: Object.fromEntries(sections.lines("tools").map((path) => [baseName(path), path])),
    kernels: sections.lines("kernels").map((path) => path.slice("boot/vmlinuz-".length)),
    leftovers: sections.lines("leftovers").map((path) => `/${path}`),
    markers: sections.lines("markers").map((path) => `/${path}`),
    ...parseOtherLoaders(sections),
    hasWatchdog: sections.lines("present").includes("dev/watchdog"),
    ...(report !== undefined && { trialReport: report.body.trim() }),
    ...(menu !== undefined && {
      grubConfig: menu.usesBls
        ? { ...menu, entries: [...listBlsEntries(files, settings ?? {}), ...menu.entries] }
        : menu,
    }),
    ...(settings !== undefined && { grubEnvironment: settings }),
    ...(block[0] !== undefined && { grubEnvironmentBlock: block[0] }),
  };
}

/**
 * The menu that the firmware leads to. RHEL 8 and Fedora up to 33 keep it on the EFI system partition; elsewhere the file
 * there is a stub, which no generator has written and which hands on to the menu in /boot.
 */
function chooseMenu(sections: Sections): GrubConfigFacts | undefined {
  const all = sections.all("grub-config");
  const [inBoot] = all.filter((section) => !isOnEsp(section)).flatMap((section) => parseMenu(section, sections));
  if (!sections.lines("present").includes("sys/firmware/efi")) return inBoot;
  const onEsp = all.filter(isOnEsp);
  const whole = onEsp.filter((section) => /^### BEGIN /m.test(section.body));
  // A stub beside a whole menu is that of another system on the same partition, and so may the menu be.
  const isStubbed = onEsp.length > whole.length;
  if (whole.length === 0 || (isStubbed && inBoot !== undefined)) return inBoot;
  const [section, ...more] = whole;
  return section === undefined || more.length > 0 ? undefined : parseMenu(section, sections)[0];
}

function isOnEsp(section: Section): boolean {
  return section.argument.startsWith("boot/efi/");
}

/** GRUB reads the block that lies in the folder of its menu. */
function besideMenu(environments: readonly Section[], menu: GrubConfigFacts | undefined): Section | undefined {
  const folder = menu?.path.slice(1, menu.path.lastIndexOf("/"));
  return environments.find((section) => section.argument === `${folder ?? ""}/grubenv`) ?? environments[0];
}

function parseBlock(path: string, sections: Sections): GrubEnvironmentBlock[] {
  const [section, link] = ["block", "path"].map((name) =>
    sections.all(`grub-environment-${name}`).find((other) => other.argument === path),
  );
  if (section === undefined) return [];
  const real = link?.body.trim() ?? "";
  return [{ path: `/${(real === "" ? path : real).replace(/^\//, "")}`, text: section.body }];
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

function parseMenu(section: Section, sections: Sections): GrubConfigFacts[] {
  const [hash = "", ...rows] = lines(section.body);
  const sha256 = /^[0-9a-f]{64}/.exec(hash)?.[0];
  if (sha256 === undefined) return [];
  return [
    {
      path: `/${section.argument}`,
      sha256,
      usesBls: rows.some((row) => row.trim().split(/\s+/)[0] === "blscfg"),
      defaultEntry: parseDefaultEntry(rows),
      bootsOnce: rows.some((row) => row.trim() === "save_env next_entry"),
      readsCustom: rows.some((row) => /^source\s.*custom\.cfg/.test(row.trim())),
      linuxSection: sections.all("grub-linux").find((other) => other.argument === section.argument)?.body ?? "",
      entries: parseGrubConfig(ownEntries(rows).join("\n")),
    },
  ];
}

/** The last choice that is not the one-shot one. */
function parseDefaultEntry(rows: readonly string[]): string {
  const values = rows.flatMap((row) => /^set default="?([^"]*)"?$/.exec(row.trim())?.[1] ?? []);
  return values.findLast((value) => !value.includes("next_entry")) ?? "0";
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
