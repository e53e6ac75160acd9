import type { ShPart, ShWord } from "./sh-lexer";

/** `NAME=value`; conditional when the shell may pass it by. */
export interface ShAssignment {
  readonly kind: "assignment";
  readonly name: string;
  /** `NAME+=value`, which is not POSIX. */
  readonly isAppend: boolean;
  readonly parts: readonly ShPart[];
  readonly word: ShWord;
  isConditional: boolean;
  readonly functionName: string | undefined;
}

/** A command with its words; the name is undefined when only a shell could tell it. */
export interface ShCommand {
  readonly kind: "command";
  readonly name: string | undefined;
  readonly words: readonly ShWord[];
  /** Assignments that stand before the name and hold for this command only. */
  readonly prefixes: readonly string[];
  readonly start: number;
  isConditional: boolean;
  readonly functionName: string | undefined;
}

/** Variables that some construct sets in a way that is not followed, such as a loop. */
export interface ShTaint {
  readonly kind: "taint";
  readonly names: readonly string[];
  isConditional: boolean;
  readonly functionName: string | undefined;
}

/** What a text does, one step at a time. */
export type ShStatement = ShAssignment | ShCommand | ShTaint;

/** The text of a word without quotes, when nothing in it has to be expanded. */
export function readLiteral(word: ShWord): string | undefined {
  let text = "";
  for (const part of word.parts) {
    if (part.kind !== "char") return undefined;
    text += part.char;
  }
  return text;
}
