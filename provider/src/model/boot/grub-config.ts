import type { BootEntry } from "../host-facts";
import { lexGrubLine } from "./grub-words";

/** A `menuentry`, `submenu` or function whose closing brace has not come yet. */
interface OpenBlock {
  readonly title: string;
  readonly id?: string;
  readonly isEntry: boolean;
  entry?: BootEntry | undefined;
}

const LINUX_COMMANDS: ReadonlySet<string> = new Set(["linux", "linux16", "linuxefi"]);

/**
 * Reads the entries that boot a Linux of this host from a generated `grub.cfg`, or from only its `menuentry`, `submenu`,
 * `linux` and `}` lines. Memory tests, firmware entries and the other systems that os-prober found are left out.
 */
export function parseGrubConfig(text: string): BootEntry[] {
  const entries: BootEntry[] = [];
  const open: OpenBlock[] = [];
  for (const line of text.split("\n")) {
    const words = lexGrubLine(line);
    const [command = ""] = words;
    const block = open.at(-1);
    if (command === "}") {
      const { entry } = open.pop() ?? {};
      if (entry !== undefined) entries.push(entry);
    } else if (words.at(-1) === "{") open.push(openBlock(words));
    else if (LINUX_COMMANDS.has(command) && block?.isEntry === true) block.entry ??= readEntry(block, words);
  }
  return entries.filter((entry) => entry.id?.startsWith("osprober-") !== true);
}

function openBlock(words: readonly string[]): OpenBlock {
  const [command = "", title = ""] = words;
  const option = words.findIndex(
    (word) => word === "$menuentry_id_option" || word === "${menuentry_id_option}" || word === "--id",
  );
  const id = option === -1 ? words.find((word) => word.startsWith("--id="))?.slice("--id=".length) : words[option + 1];
  return { title, isEntry: command === "menuentry", ...(id === undefined ? {} : { id }) };
}

function readEntry({ title, id }: OpenBlock, words: readonly string[]): BootEntry | undefined {
  const [, kernel = "", ...options] = words;
  if (/(?:^|\/)memtest[^/]*$/.test(kernel)) return undefined;
  const isRecovery = options.includes("single") || options.includes("recovery") || /recovery mode/i.test(title);
  return { title, ...(id === undefined ? {} : { id }), commandLine: options.map(quoteForKernel).join(" "), isRecovery };
}

/** GRUB hands the kernel words with blanks in double quotes. */
function quoteForKernel(word: string): string {
  return /\s/.test(word) ? `"${word}"` : word;
}
