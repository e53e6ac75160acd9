/**
 * Quoting for POSIX shells, here and nowhere else. Inside single quotes every byte but the single quote stands for
 * itself, so a word is put between them and each of its own is written as `'\''`.
 */
export function quoteWord(word: string): string {
  if (word.includes("\0")) throw new RangeError("a word of a command cannot hold a NUL byte");
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line of quoted words. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}
