import type { GrubVariable } from "./grub-variables";

const MARKER = "# pulumi-passthrough: arguments added to the value above; taken out again on delete.";

/**
 * Adds lines of our own that append words to whatever the value is by then. The comment tells them from a user's lines.
 * A file that does not end in a newline does not end in one afterwards, so that taking the lines out restores it.
 */
export function addOwnBlock(text: string, variable: GrubVariable, words: readonly string[]): string {
  const block = `${MARKER}\n${variable}="$${variable} ${words.join(" ")}"`;
  return text === "" || text.endsWith("\n") ? `${text}${block}\n` : `${text}\n${block}`;
}

/** Takes lines of our own out that no longer add anything. */
export function dropEmptyBlock(text: string, variable: GrubVariable): string {
  const block = `${MARKER}\n${variable}="$${variable}"`;
  const at = text.indexOf(block);
  if (at === -1 || (at > 0 && text[at - 1] !== "\n")) return text;
  const end = at + block.length;
  if (text[end] === "\n") return text.slice(0, at) + text.slice(end + 1);
  return end === text.length ? text.slice(0, Math.max(at - 1, 0)) : text;
}
