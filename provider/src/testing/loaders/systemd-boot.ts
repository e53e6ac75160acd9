import { compareVersions } from "../../model/boot/systemd-boot-order";
import type { ToolAnswer } from "../calls";
import { BootFailure, type BootChoice } from "../kernel/boot-loader";
import type { Machine } from "../machine";
import type { HostFiles } from "../root/host-files";
import { readVariable, removeVariable, setFeatures, setVariable } from "./efi-variables";

/** What Debian 12's systemd-boot says of itself: 252, with the choice of one boot (bit 3) and eight other features. */
const INFO = "systemd-boot 252.39-1~deb12u1";
const FEATURES = 0x1ff;

interface Entry {
  readonly id: string;
  readonly text: string;
}

/**
 * Chooses an entry as systemd-boot 252 does (`config_default_entry_select` of src/boot/efi/boot.c): the one-shot choice,
 * which is cleared before anything starts; the firmware's default; that of loader.conf; the first of the menu.
 */
export function chooseSystemdBootEntry(files: HostFiles, machine: Machine, partition: string): BootChoice {
  announce(files);
  const once = readVariable(files, "LoaderEntryOneShot");
  removeVariable(files, "LoaderEntryOneShot");
  const entries = readEntries(files, partition);
  const settings = files.readIfThere(`${partition}/loader/loader.conf`) ?? "";
  const wanted = [
    once,
    readVariable(files, "LoaderEntryDefault"),
    /^\s*default\s+(\S+)/m.exec(settings)?.[1],
    "*",
  ].filter((pattern) => pattern !== undefined);
  for (const pattern of wanted) {
    const found = entries.find(({ id }) => matches(pattern.toLowerCase(), id));
    if (found === undefined) continue;
    setVariable(files, "LoaderEntrySelected", found.id);
    return start(files, machine, partition, found);
  }
  throw new BootFailure(`${partition}/loader/entries lists nothing to boot`);
}

/** Sets what a systemd-boot that started the host says of itself. */
export function announce(files: HostFiles): void {
  setVariable(files, "LoaderInfo", INFO);
  setFeatures(files, FEATURES);
}

function readEntries(files: HostFiles, partition: string): Entry[] {
  const folder = `${partition}/loader/entries`;
  const names = files.list(folder).filter((name) => name.toLowerCase().endsWith(".conf") && !name.startsWith("."));
  const entries = names.map((name) => ({ id: name.toLowerCase(), text: files.read(`${folder}/${name}`) }));
  return entries.filter(({ text }) => readKey(text, "linux") !== undefined).sort(compare);
}

/** `config_entry_compare`: entries with a sort key first, then the newest version. */
function compare(a: Entry, b: Entry): number {
  const [left, right] = [a, b].map(({ text }) => readKey(text, "sort-key"));
  if ((left === undefined) !== (right === undefined)) return left === undefined ? 1 : -1;
  const keys = ["sort-key", "machine-id"].map(
    (key) => [readKey(a.text, key) ?? "", readKey(b.text, key) ?? ""] as const,
  );
  const different = left === undefined ? undefined : keys.find(([one, other]) => one !== other);
  if (different !== undefined) return different[0] < different[1] ? -1 : 1;
  const byVersion = compareVersions(readKey(b.text, "version") ?? "", readKey(a.text, "version") ?? "");
  return (left === undefined ? 0 : byVersion) || compareVersions(b.id, a.id);
}

function readKey(text: string, key: string): string | undefined {
  const values = [...text.matchAll(new RegExp(`^[ \\t]*${key}[ \\t]+(.*)$`, "gm"))].map((match) => match[1]?.trim());
  return values.length === 0 ? undefined : values.join(" ");
}

function matches(pattern: string, id: string): boolean {
  const source = pattern
    .replace(/[\\^$+.(){}|[\]]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(id);
}

/** The initial ramdisk is handed to the kernel as a word of its line, with the firmware's separators. */
function start(files: HostFiles, machine: Machine, partition: string, { id, text }: Entry): BootChoice {
  const [kernel = "", initrd = ""] = ["linux", "initrd"].map((key) => readKey(text, key));
  const options = readKey(text, "options") ?? "";
  for (const file of [kernel, initrd])
    if (file === "" || !files.exists(partition + file)) throw new BootFailure(`entry "${id}": ${file} is not there`);
  if (!options.split(/\s+/).includes(`root=${machine.rootArgument}`))
    throw new BootFailure(`entry "${id}": no root file system`);
  return {
    title: readKey(text, "title") ?? id,
    release: readKey(text, "version") ?? "",
    commandLine: `initrd=${initrd.replaceAll("/", "\\")} ${options}`,
  };
}

/** `bootctl set-oneshot ID`: an empty id takes the choice back (bootctl(1)). */
export function answerBootctl(files: HostFiles, words: readonly string[]): ToolAnswer {
  const [verb, id] = words;
  if (readVariable(files, "LoaderInfo") === undefined)
    return { status: 1, stderr: "Not booted with a supported boot loader.\n" };
  if (verb !== "set-oneshot" || id === undefined) return { status: 1, stderr: `Unknown command verb ${verb ?? ""}.\n` };
  if (id === "") removeVariable(files, "LoaderEntryOneShot");
  else setVariable(files, "LoaderEntryOneShot", id);
  return { status: 0 };
}

/** Debian's entries, as 90-loaderentry.install of systemd 252 writes them for kernel-install. */
export function writeSystemdBootFiles(files: HostFiles, machine: Machine, options: string): void {
  const machineId = files.read("/etc/machine-id").trim();
  const partition = "/boot/efi";
  for (const release of machine.kernels) {
    const folder = `/${machineId}/${release}`;
    files.write(`${partition}${folder}/linux`, "kernel\n");
    files.write(`${partition}${folder}/initrd.img-${release}`, "initial ramdisk\n");
    const text = [
      "# Boot Loader Specification type#1 entry",
      "# File created by /usr/lib/kernel/install.d/90-loaderentry.install (systemd 252.39-1~deb12u1)",
      "title      Debian GNU/Linux 12 (bookworm)",
      `version    ${release}`,
      `machine-id ${machineId}`,
      "sort-key   debian",
      `options    ${options}`,
      `linux      ${folder}/linux`,
      `initrd     ${folder}/initrd.img-${release}`,
      "",
    ];
    files.write(`${partition}/loader/entries/${machineId}-${release}.conf`, text.join("\n"));
  }
  files.write(`${partition}/loader/loader.conf`, "#timeout 3\n#console-mode keep\n");
  files.write(`${partition}/EFI/systemd/systemd-bootx64.efi`, "boot loader\n");
}
