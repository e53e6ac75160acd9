import type { BootChoice, ChangeStep } from "../../change";
import type { GrubConfigFacts, HostFacts } from "../../host-facts";
import type { BootRefusal, TrialEntry } from "../loaders/loader";
import { lexGrubLine } from "../grub-words";
import { findMenuBlock, parseMenuBlocks, type MenuBlock } from "./grub-menu";

/** Id of the entry that is booted once. */
export const TRIAL_ENTRY = "passthrough-trial";

const BEGIN = "# pulumi-passthrough: an entry for a trial boot; removed when the trial is over.";
const END = "# pulumi-passthrough: end of the entry";

/** File systems that GRUB does not write to: its environment block would keep the one-shot choice for ever. */
const UNWRITABLE = new Set(["btrfs", "zfs", "zfs_member", "squashfs", "overlay", "iso9660", "bcachefs", "f2fs"]);

/** Adds an entry to custom.cfg, which the generated menu reads at boot, and chooses it for the next boot only. */
export function planGrubTrial(facts: HostFacts, words: readonly string[]): TrialEntry | BootRefusal {
  const menu = facts.boot.grubConfig;
  const refusal = menu === undefined ? "the boot menu is gone" : explainNoTrial(facts, menu);
  if (menu === undefined || refusal !== undefined) return { refused: refusal ?? "" };
  const choice = choiceOf(facts, menu);
  if (choice === undefined) return { refused: "grub-editenv or grub-probe is missing; install GRUB's tools" };
  const odd = words.find((word) => !/^[A-Za-z0-9_.,:=@/+%^~-]+$/.test(word));
  if (odd !== undefined)
    return { refused: `the word ${JSON.stringify(odd)} of the command line has signs that are GRUB's own` };
  const entry = renderEntry(defaultBlock(facts, menu), words);
  if (entry === undefined) return { refused: `${menu.path} has no entry whose kernel and initramfs could be tried` };
  const path = customPath(menu);
  const before = facts.boot.files.find((file) => file.path === path);
  if (before !== undefined && before.text === undefined) return { refused: `${path} is not a text that can be edited` };
  const text = withoutBlock(before?.text ?? "");
  return {
    steps: [
      { kind: "write", path, text: addBlock(text, entry) },
      { kind: "boot-once", choice, entry: TRIAL_ENTRY },
    ],
    descriptions: [`add the entry ${TRIAL_ENTRY} to ${path} and choose it for the next boot only`],
  };
}

/** Takes the entry out of custom.cfg, and the choice back where the boot has not done so. */
export function clearGrubTrial(facts: HostFacts): readonly ChangeStep[] {
  const menu = facts.boot.grubConfig;
  if (menu === undefined) return [];
  const choice = choiceOf(facts, menu);
  const isChosen = facts.boot.grubEnvironment?.["next_entry"] === TRIAL_ENTRY;
  const path = customPath(menu);
  const text = facts.boot.files.find((file) => file.path === path)?.text ?? "";
  const rest = withoutBlock(text);
  return [
    ...(isChosen && choice !== undefined ? [{ kind: "clear-boot-once" as const, choice }] : []),
    ...(rest === text
      ? []
      : [rest === "" ? { kind: "remove" as const, path } : { kind: "write" as const, path, text: rest }]),
  ];
}

function explainNoTrial(facts: HostFacts, menu: GrubConfigFacts): string | undefined {
  const use =
    facts.storage.uses.find((candidate) => candidate.mountPoint === "/boot") ??
    facts.storage.uses.find((candidate) => candidate.mountPoint === "/");
  const source = use?.source ?? "";
  const layer = /^\/dev\/(?:mapper\/|dm-)/.test(source)
    ? `LVM or a mapped device (${source})`
    : source.startsWith("/dev/md")
      ? `RAID (${source})`
      : undefined;
  const kept = "GRUB cannot clear its one-shot choice there, so the trial would stay the default";
  if (layer !== undefined) return `${use?.mountPoint ?? "/"} lies on ${layer}: ${kept}`;
  if (use !== undefined && UNWRITABLE.has(use.fileSystem)) return `${use.mountPoint} is ${use.fileSystem}: ${kept}`;
  if (!menu.bootsOnce) return `${menu.path} does not look at next_entry, so it knows no one-shot choice`;
  if (!menu.readsCustom) return `${menu.path} does not read custom.cfg (is /etc/grub.d/41_custom switched off?)`;
  return undefined;
}

function choiceOf(facts: HostFacts, menu: GrubConfigFacts): BootChoice | undefined {
  const { tools } = facts.boot;
  const tool = tools["grub-editenv"] ?? tools["grub2-editenv"];
  const probe = tools["grub-probe"] ?? tools["grub2-probe"];
  if (tool === undefined || probe === undefined) return undefined;
  return { loader: "grub", tool, probe, path: `${folderOf(menu)}/grubenv` };
}

function customPath(menu: GrubConfigFacts): string {
  return `${folderOf(menu)}/custom.cfg`;
}

function folderOf(menu: GrubConfigFacts): string {
  return menu.path.slice(0, menu.path.lastIndexOf("/"));
}

/** The lines of the entry that the host boots by itself: what is tried must differ from it by its words only. */
function defaultBlock(facts: HostFacts, menu: GrubConfigFacts): readonly string[] | undefined {
  if (menu.usesBls) return blsBlock(facts);
  const blocks = parseMenuBlocks(menu.linuxSection);
  const name = menu.defaultEntry.replace(
    /\$\{?(\w+)\}?/g,
    (_all, variable: string) => facts.boot.grubEnvironment?.[variable] ?? "",
  );
  return (findMenuBlock(blocks, name) ?? blocks.find(isBootable))?.body;
}

function isBootable(block: MenuBlock): boolean {
  return block.body.some(isKernelLine);
}

function isKernelLine(line: string): boolean {
  const [command = "", kernel] = lexGrubLine(line);
  return /^linux(16|efi)?$/.test(command) && kernel !== undefined;
}

/** Of boot loader entries, the newest kernel's; GRUB finds their paths on the root that its menu has set. */
function blsBlock(facts: HostFacts): readonly string[] | undefined {
  const texts = facts.boot.files.flatMap((file) =>
    file.path.startsWith("/boot/loader/entries/") && !file.path.includes("-0-rescue") ? [file.text ?? ""] : [],
  );
  const newest = facts.boot.kernels[0] ?? "\0";
  const text = texts.find((candidate) => candidate.includes(newest)) ?? texts[0];
  const [linux, initrd] = ["linux", "initrd"].map((key) => new RegExp(`^${key}\\s+(.+)$`, "m").exec(text ?? "")?.[1]);
  return linux === undefined || initrd === undefined ? undefined : [`linux ${linux}`, `initrd ${initrd}`];
}

function renderEntry(body: readonly string[] | undefined, words: readonly string[]): string | undefined {
  if (body?.some(isKernelLine) !== true) return undefined;
  const lines = body.map((line) => {
    const [command, kernel] = lexGrubLine(line);
    return isKernelLine(line) ? `\t${command} ${kernel} ${words.join(" ")}` : line;
  });
  return [`menuentry 'Trial boot' --unrestricted --id ${TRIAL_ENTRY} {`, ...lines, "}"].join("\n");
}

function addBlock(text: string, entry: string): string {
  const block = `${BEGIN}\n${entry}\n${END}\n`;
  return text === "" || text.endsWith("\n") ? `${text}${block}` : `${text}\n${block.slice(0, -1)}`;
}

/** The text without our block, byte for byte as it was before. */
function withoutBlock(text: string): string {
  const begin = text.indexOf(`${BEGIN}\n`);
  const end = text.indexOf(END, begin);
  if (begin === -1 || end === -1) return text;
  const after = end + END.length;
  if (text[after] === "\n") return text.slice(0, begin) + text.slice(after + 1);
  return text.slice(0, Math.max(begin - 1, 0)) + text.slice(after);
}
