/**
 * Splits a line of GRUB's script language into words and undoes its quotes: single quotes are literal, a backslash
 * escapes, variables stay as they are written. A comment ends the line.
 */
export function lexGrubLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (char === quote) quote = undefined;
    else if (char === "\\" && quote !== "'" && isEscaped(line.charAt(i + 1), quote))
      word = (word ?? "") + line.charAt(++i);
    else if (quote === undefined && (char === "'" || char === '"')) {
      quote = char;
      word ??= "";
    } else if (quote === undefined && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === undefined && char === "#" && word === undefined) break;
    else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Inside double quotes, a backslash stands for itself unless it guards one of these. */
function isEscaped(next: string, quote: string | undefined): boolean {
  return next !== "" && (quote === undefined || '$"\\'.includes(next));
}
