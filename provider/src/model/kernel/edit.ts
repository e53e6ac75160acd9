import { type KernelArgumentEdit, isSameArgument, isSingleValued, parseKernelArgument } from "./command-line";

/** What becomes of each word of a command line, by its index, and which words come in before `insertAt`. */
export interface CommandLinePlan {
  readonly replaced: ReadonlyMap<number, string>;
  readonly removed: ReadonlySet<number>;
  readonly inserted: readonly string[];
  readonly insertAt: number;
}

/** The words that the kernel reads: what follows `--` goes to init. */
export function listKernelWords(words: readonly string[]): readonly string[] {
  return words.slice(0, countKernelWords(words));
}

function countKernelWords(words: readonly string[]): number {
  const end = words.indexOf("--");
  return end === -1 ? words.length : end;
}

/** The last word that has the key of `word`, among the first `count`. */
function findValue(words: readonly string[], word: string): string | undefined {
  const { key } = parseKernelArgument(word);
  return words.findLast((other) => parseKernelArgument(other).key === key);
}

function isInEffect(words: readonly string[], word: string): boolean {
  if (!isSingleValued(parseKernelArgument(word).key)) return words.some((other) => isSameArgument(other, word));
  const value = findValue(words, word);
  return value !== undefined && isSameArgument(value, word);
}

/** Whether a command line already is as `edit` wants it; of a single-valued key, the last word counts. */
export function isSatisfied(words: readonly string[], edit: KernelArgumentEdit): boolean {
  const kernelWords = listKernelWords(words);
  return (
    edit.present.every((word) => isInEffect(kernelWords, word)) &&
    !listAbsent(edit).some((word) => kernelWords.some((other) => isSameArgument(other, word)))
  );
}

/** The words to take out; a word that is asked for as well stays. */
export function listAbsent(edit: KernelArgumentEdit): readonly string[] {
  return edit.absent.filter((word) => !edit.present.some((wanted) => isSameArgument(wanted, word)));
}

/**
 * Plans an edit word by word. `canTouch` says which words may be changed where they stand; a word that may not is left
 * alone, and a new value of its key comes in behind it.
 */
export function planCommandLineEdit(
  words: readonly string[],
  edit: KernelArgumentEdit,
  canTouch: (index: number) => boolean = () => true,
): CommandLinePlan {
  const insertAt = countKernelWords(words);
  const touchable = [...words.keys()].filter((index) => index < insertAt && canTouch(index));
  const draft = new PlanDraft(words.slice(0, insertAt), touchable);
  for (const word of listAbsent(edit)) draft.takeOut(word);
  for (const word of edit.present) draft.putIn(word);
  const { replaced, removed, inserted } = draft;
  return { replaced, removed, inserted, insertAt };
}

class PlanDraft {
  readonly replaced = new Map<number, string>();
  readonly removed = new Set<number>();
  readonly inserted: string[] = [];
  private readonly words: readonly string[];
  private readonly touchable: readonly number[];

  constructor(words: readonly string[], touchable: readonly number[]) {
    this.words = words;
    this.touchable = touchable;
  }

  takeOut(word: string): void {
    for (const index of this.touchable) if (isSameArgument(this.words[index] ?? "", word)) this.removed.add(index);
  }

  putIn(word: string): void {
    if (isInEffect(this.listResult(), word)) return;
    const { key } = parseKernelArgument(word);
    const same = this.touchable.filter((index) => this.isFree(index, key));
    const place = isSingleValued(key) ? same.at(-1) : same.find((index) => this.removed.has(index));
    if (place === undefined) {
      this.inserted.push(word);
      return;
    }
    if (isSingleValued(key)) for (const index of same) this.removed.add(index);
    this.removed.delete(place);
    this.replaced.set(place, word);
  }

  private isFree(index: number, key: string): boolean {
    return !this.replaced.has(index) && parseKernelArgument(this.words[index] ?? "").key === key;
  }

  private listResult(): string[] {
    const kept = this.words.flatMap((word, index) =>
      this.removed.has(index) ? [] : [this.replaced.get(index) ?? word],
    );
    return [...kept, ...this.inserted];
  }
}

/**
 * Puts words in and takes words out. A new value of a single-valued key takes the place of the last old one and the other
 * old ones go; a word that is exchanged for one of the same key keeps its place; all else is added at the end.
 */
export function editCommandLine(words: readonly string[], edit: KernelArgumentEdit): readonly string[] {
  if (isSatisfied(words, edit)) return words;
  const plan = planCommandLineEdit(words, edit);
  const result = words.flatMap((word, index) => {
    const own = plan.removed.has(index) ? [] : [plan.replaced.get(index) ?? word];
    return index === plan.insertAt ? [...plan.inserted, ...own] : own;
  });
  return plan.insertAt === words.length ? [...result, ...plan.inserted] : result;
}
