import { parseBlsEntry } from "../boot/bls-entry";
import { lexGrubLine } from "../boot/grub-words";
import type { HostFacts } from "../host-facts";

/** The release that the default entry of GRUB's menu boots; undefined where that cannot be told from the files. */
export function findNextKernel(facts: HostFacts): string | undefined {
  const menu = facts.boot.grubConfig;
  if (menu === undefined) return undefined;
  const saved = facts.boot.grubEnvironment?.["saved_entry"] ?? "";
  const wanted = menu.defaultEntry.includes("$") ? saved : menu.defaultEntry;
  if (menu.usesBls) return findBlsKernel(facts, wanted);
  // A number other than the first, a title or an id of a submenu would need GRUB's own reading of the menu.
  return wanted === "" || wanted === "0" ? findFirstKernel(menu.linuxSection) : undefined;
}

function findFirstKernel(section: string): string | undefined {
  for (const line of section.split("\n")) {
    const [command = "", kernel = ""] = lexGrubLine(line);
    if (/^linux(?:16|efi)?$/.test(command)) return releaseOf(kernel);
  }
  return undefined;
}

function findBlsKernel(facts: HostFacts, wanted: string): string | undefined {
  const entries = facts.boot.files.flatMap(({ path, text }) => {
    const id = /^\/boot\/loader\/entries\/(.+)\.conf$/.exec(path)?.[1];
    if (id === undefined || text === undefined) return [];
    const { kernel, version } = parseBlsEntry(text);
    const release = kernel === undefined ? undefined : (releaseOf(kernel) ?? version);
    return release === undefined ? [] : [{ id, release }];
  });
  const chosen = entries.find(({ id }) => id === wanted);
  if (chosen !== undefined) return chosen.release;
  // Without a choice GRUB takes the first of the entries, which it sorts by their names, newest first.
  if (wanted !== "" && wanted !== "0") return undefined;
  return entries.filter(({ id }) => !id.includes("rescue")).sort((a, b) => compareVersions(b.id, a.id))[0]?.release;
}

function releaseOf(kernel: string): string | undefined {
  return /(?:^|\/)vmlinu[xz]-([^/]+)$/.exec(kernel)?.[1];
}

/** Compares as versions are compared: runs of digits by their value, the rest by its letters. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [splitVersion(left), splitVersion(right)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [one = "", other = ""] = [a[i], b[i]];
    if (one === other) continue;
    const isNumeric = /^\d/.test(one) && /^\d/.test(other);
    const order = isNumeric ? Number(one) - Number(other) : one < other ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}

function splitVersion(text: string): readonly string[] {
  return text.match(/\d+|[A-Za-z]+/g) ?? [];
}

/** Whether the modules of the running kernel have gone, while those of others are there. */
export function hasLostModules(facts: HostFacts): boolean {
  const { installedModules, release } = facts.kernel;
  return installedModules.length > 0 && !installedModules.includes(release);
}
