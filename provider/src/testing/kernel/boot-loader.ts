import type { Machine } from "../machine";
import { grubPrefix } from "../machine";
import type { HostFiles } from "../root/host-files";

/** What the boot loader would start. */
export interface BootChoice {
  readonly title: string;
  readonly release: string;
  readonly commandLine: string;
}

/** Why the boot loader stops at its prompt. */
export class BootFailure extends Error {}

interface MenuEntry {
  readonly title: string;
  readonly id: string | undefined;
  /** Position in the menu, such as `0` or `1>2`. */
  readonly position: string;
  readonly linux: string | undefined;
  readonly initrd: string | undefined;
  /** Ids or titles of the submenus above it. */
  readonly above: readonly string[];
}

/** Folder of GRUB's files on this machine. */
export function grubFolder(machine: Machine): string {
  return machine.menuFolder ?? `/boot/${grubPrefix(machine)}`;
}

/** Chooses the entry to boot from the files in `/boot`, as GRUB would, and clears a one-shot choice. */
export function chooseBootEntry(files: HostFiles, machine: Machine): BootChoice {
  const folder = grubFolder(machine);
  const config = files.readIfThere(`${folder}/grub.cfg`);
  if (config === undefined || config.trim() === "") throw new BootFailure(`${folder}/grub.cfg is missing or empty`);
  const environment = readEnvironment(files, folder);
  const usesBls = /^\s*blscfg\s*$/m.test(config);
  const custom = config.includes("custom.cfg") ? files.readIfThere(`${folder}/custom.cfg`) : undefined;
  const entries = [...(usesBls ? readBlsEntries(files, withFallback(config, environment)) : []), ...parseMenu(config)];
  if (custom !== undefined)
    entries.push(
      ...parseMenu(custom, entries.filter((entry) => !entry.position.includes(">")).length + countSubmenus(config)),
    );
  const wanted = environment.get("next_entry") ?? readDefault(config, environment);
  if (environment.has("next_entry")) clearNextEntry(files, folder);
  const chosen = findEntry(entries, wanted) ?? entries[0];
  if (chosen === undefined) throw new BootFailure(`${folder}/grub.cfg lists nothing to boot`);
  return start(files, machine, chosen, environment);
}

function start(
  files: HostFiles,
  machine: Machine,
  entry: MenuEntry,
  environment: ReadonlyMap<string, string>,
): BootChoice {
  const [kernel = "", ...words] = expand(entry.linux ?? "", environment)
    .trim()
    .split(/\s+/);
  const prefix = kernel.startsWith("/boot/") ? "" : "/boot";
  for (const file of [kernel, ...(entry.initrd ?? "").trim().split(/\s+/).slice(0, 1)]) {
    if (file === "" || !files.exists(prefix + file))
      throw new BootFailure(`entry "${entry.title}": ${file} is not there`);
  }
  if (!words.includes(`root=${machine.rootArgument}`))
    throw new BootFailure(`entry "${entry.title}": no root file system`);
  // GRUB puts the kernel's path first; where /boot is a partition of its own, the disk stands before it.
  const image = prefix === "" ? kernel : `(hd0,gpt2)${kernel}`;
  const line = expand(entry.linux ?? "", environment)
    .trim()
    .slice(kernel.length);
  const release = kernel.replace(/^.*vmlinuz-/, "");
  return { title: entry.title, release, commandLine: `BOOT_IMAGE=${image}${line}` };
}

/** Reads GRUB's environment block. */
function readEnvironment(files: HostFiles, folder: string): Map<string, string> {
  const text = files.readIfThere(`${folder}/grubenv`) ?? "";
  const pairs = text.split("\n").filter((line) => !line.startsWith("#") && line.includes("="));
  return new Map(
    pairs
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const)
      .filter(([, value]) => value !== ""),
  );
}

/** GRUB takes the line out where it stands and leaves all other lines as they are. */
function clearNextEntry(files: HostFiles, folder: string): void {
  const text = files.read(`${folder}/grubenv`);
  files.write(`${folder}/grubenv`, text.replace(/^next_entry=.*\n/m, "").padEnd(1024, "#"), 0o600);
}

/** The environment block is always 1024 bytes long; newer versions of its tool write a warning into it. */
export function renderEnvironment(
  settings: Readonly<Record<string, string>>,
  comments: readonly string[] = [],
): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  return ["# GRUB Environment Block\n", ...comments.map((text) => `# ${text}\n`), ...lines].join("").padEnd(1024, "#");
}

/** The menu of RHEL 8 sets `kernelopts` itself where the environment block does not (10_linux of rhboot's rhel-8 branches). */
function withFallback(config: string, environment: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, fallback] = /^\s*set kernelopts="(.*)"$/m.exec(config) ?? [];
  return fallback === undefined ? environment : new Map([["kernelopts", fallback], ...environment]);
}

/** The last plain `set default=` is the permanent one; the one-shot is asked for before. */
function readDefault(config: string, environment: ReadonlyMap<string, string>): string {
  const found = [...config.matchAll(/^\s*set default="([^"]*)"/gm)]
    .map((match) => match[1] ?? "")
    .filter((value) => value !== "${next_entry}");
  return expand(found.at(-1) ?? "0", environment);
}

function expand(text: string, environment: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_all, braced: string | undefined, plain: string | undefined) => environment.get(braced ?? plain ?? "") ?? "",
  );
}

function countSubmenus(config: string): number {
  return config.split("\n").filter((line) => line.startsWith("submenu ")).length;
}

/** Finds entries line by line; a submenu counts as one position of the menu above it. */
function parseMenu(config: string, first = 0): MenuEntry[] {
  const entries: MenuEntry[] = [];
  const stack: { names: string[]; position: string; next: number }[] = [{ names: [], position: "", next: first }];
  let open: { title: string; id: string | undefined; position: string; linux?: string; initrd?: string } | undefined;
  for (const line of config.split("\n").map((text) => text.trim())) {
    const menu = stack[stack.length - 1];
    if (menu === undefined) throw new BootFailure("grub.cfg closes more than it opens");
    const head = /^(menuentry|submenu)\s+(?:'([^']*)'|"([^"]*)")/.exec(line);
    if (head !== null) {
      const title = head[2] ?? head[3] ?? "";
      const id = /(?:\$menuentry_id_option|--id[= ])\s*(?:'([^']*)'|"([^"]*)"|(\S+))/
        .exec(line)
        ?.slice(1)
        .find((part) => (part as string | undefined) !== undefined);
      const position = `${menu.position}${menu.next++}`;
      if (head[1] === "submenu") stack.push({ names: [...menu.names, id ?? title], position: `${position}>`, next: 0 });
      else open = { title, id, position };
    } else if (open !== undefined && /^linux(16|efi)?\s/.test(line)) open.linux = unquote(line.replace(/^\S+\s+/, ""));
    else if (open !== undefined && /^initrd(16|efi)?\s/.test(line)) open.initrd = line.replace(/^\S+\s+/, "");
    else if (line === "}" && open !== undefined) {
      entries.push({ linux: undefined, initrd: undefined, ...open, above: menu.names });
      open = undefined;
    } else if (line === "}" && stack.length > 1) stack.pop();
  }
  if (open !== undefined) throw new BootFailure("grub.cfg ends inside an entry");
  return entries;
}

/** GRUB takes quotes away before the kernel sees its line; an escaped sign stays as it is. */
function unquote(text: string): string {
  return text.replace(/\\(["$\\])|["']/g, (_all, escaped: string | undefined) => escaped ?? "");
}

/** Entries of `/boot/loader/entries`, newest kernel first. */
function readBlsEntries(files: HostFiles, environment: ReadonlyMap<string, string>): MenuEntry[] {
  const names = files.list("/boot/loader/entries").filter((name) => name.endsWith(".conf"));
  const sorted = names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return sorted.map((name, index) => {
    const text = files.read(`/boot/loader/entries/${name}`);
    return {
      title: readKey(text, "title"),
      id: name.replace(/\.conf$/, ""),
      position: String(index),
      linux: `${readKey(text, "linux")} ${expand(readKey(text, "options"), environment)}`,
      initrd: readKey(text, "initrd"),
      above: [],
    };
  });
}

/** Values of a key that may stand on several lines. */
function readKey(text: string, key: string): string {
  const lines = text.split("\n").filter((line) => line.split(/\s/)[0] === key);
  return lines.map((line) => line.slice(key.length).trim()).join(" ");
}

function findEntry(entries: readonly MenuEntry[], wanted: string): MenuEntry | undefined {
  const names = wanted.split(">");
  const last = names.at(-1) ?? "";
  const menu = names.slice(0, -1);
  return entries.find((entry) => {
    if (entry.position === wanted) return true;
    const isName = entry.id === last || entry.title === last;
    return (
      isName &&
      (menu.length === 0 ? entry.above.length === 0 || entry.id === last : menu.join(">") === entry.above.join(">"))
    );
  });
}
