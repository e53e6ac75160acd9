import { z } from "zod";

/**
 * A kernel command line is a list of words. White space outside double quotes separates them, as the kernel's own
 * parser (`next_arg`) has it; a quote belongs to the word it stands in.
 */
export function parseCommandLine(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    if (!isQuoted && /\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
    } else {
      word += char;
    }
  }
  if (word !== "") words.push(word);
  return words;
}

/** Name and value of a word; the kernel treats `-` and `_` in names alike, so `key` has underscores only. */
export interface KernelArgument {
  readonly word: string;
  readonly key: string;
  readonly value: string | undefined;
}

/** Splits a word at its first `=`. */
export function parseKernelArgument(word: string): KernelArgument {
  const split = word.indexOf("=");
  const name = split === -1 ? word : word.slice(0, split);
  return { word, key: name.replaceAll("-", "_"), value: split === -1 ? undefined : word.slice(split + 1) };
}

/**
 * Keys of which the kernel uses one value, so that a new word replaces an old one. Every other key may stand several
 * times with each meant (`console=`, `vfio-pci.ids=`, `hugepagesz=`, `pci=`), and a new word is added beside the old.
 */
const SINGLE_VALUED: ReadonlySet<string> = new Set([
  "intel_iommu",
  "amd_iommu",
  "iommu",
  "iommu.passthrough",
  "iommu.strict",
]);

/** Whether a word of this key replaces an older one. */
export function isSingleValued(key: string): boolean {
  return SINGLE_VALUED.has(key);
}

/** Whether two words say the same to the kernel: names with `-` and `_` equal, values exactly as written. */
export function isSameArgument(left: string, right: string): boolean {
  const [a, b] = [parseKernelArgument(left), parseKernelArgument(right)];
  return a.key === b.key && a.value === b.value;
}

const FORBIDDEN = /[^A-Za-z0-9_.,:=/@%+^-]/u;

/**
 * A word that may be written into boot files: nothing in it is special to GRUB, to `sh` or to the kernel's own parser,
 * so it means the same in every file and in every kind of quotes.
 */
export const KernelArgumentWord = z.string().superRefine((word, context) => {
  const problem = describeWordProblem(word);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});
export type KernelArgumentWord = z.infer<typeof KernelArgumentWord>;

function describeWordProblem(word: string): string | undefined {
  const text = JSON.stringify(word);
  const [char] = FORBIDDEN.exec(word) ?? [];
  if (char !== undefined) {
    const hint = /\s/.test(char) ? "; give each argument as a word of its own" : "";
    return `${text} is not a kernel argument that can be written safely: GRUB, sh or the kernel may interpret ${JSON.stringify(char)}${hint}`;
  }
  if (!/^[A-Za-z0-9_]/.test(word)) return `${text} is not a kernel argument; it must begin with a letter or a digit`;
  return undefined;
}

/** Words that must be there and words that must not, exactly as written. */
export interface KernelArgumentEdit {
  readonly present: readonly string[];
  readonly absent: readonly string[];
}
