/**
 * Reads text as `sh` does, as far as files that are sourced for their settings need it. Nothing is ever executed: what
 * only a shell could know becomes an opaque part.
 */
export type ShPart =
  | { readonly kind: "char"; readonly char: string; readonly start: number; readonly end: number }
  | ShParameter
  | ShOpaque;

/** `$NAME` or `${NAME:-word}`; the operator is empty for the plain forms. */
export interface ShParameter {
  readonly kind: "parameter";
  readonly name: string;
  readonly operator: string;
  readonly word: readonly ShPart[];
  readonly start: number;
  readonly end: number;
}

/** A command substitution or another expansion that is not evaluated, with the variables that it names. */
export interface ShOpaque {
  readonly kind: "opaque";
  readonly mentions: readonly string[];
  readonly start: number;
  readonly end: number;
}

export interface ShWord {
  readonly kind: "word";
  readonly text: string;
  readonly parts: readonly ShPart[];
  readonly start: number;
  readonly end: number;
  /** Offsets of the quotes that close quoted pieces of this word. */
  readonly closingQuotes: readonly number[];
}

export interface ShOperator {
  readonly kind: "operator" | "redirect";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export type ShToken = ShWord | ShOperator;

/** Why a text could not be read; `offset` is where the trouble begins. */
export class ShProblem extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const REDIRECT = /\d*(?:<<<|<<-?|<>|>>|>\||[<>]&?)/y;
const OPERATOR = /;;&|;&|;;|&&|\|\||[;&|()\n]/y;
const OPERATION = /:?[-+=]/y;
const WORD_END = /[ \t\n;&|<>()]/;

/** Splits a text into words and operators; throws a ShProblem for text that `sh` could not read either. */
export function lexSh(text: string): ShToken[] {
  return new ShLexer(text).readTokens();
}

class ShLexer {
  private readonly text: string;
  private position = 0;
  private closingQuotes: number[] = [];

  constructor(text: string) {
    this.text = text;
  }

  readTokens(): ShToken[] {
    const tokens: ShToken[] = [];
    for (let token = this.readToken(); token !== undefined; token = this.readToken()) tokens.push(token);
    return tokens;
  }

  private readToken(): ShToken | undefined {
    this.skipBlanks();
    const start = this.position;
    if (start >= this.text.length) return undefined;
    const redirect = this.match(REDIRECT);
    if (redirect !== undefined) return { kind: "redirect", text: redirect, start, end: this.position };
    const operator = this.match(OPERATOR);
    if (operator !== undefined) return { kind: "operator", text: operator, start, end: this.position };
    return this.readWord();
  }

  private skipBlanks(): void {
    this.match(/(?:[ \t]|\\\n)*(?:#[^\n]*)?/y);
  }

  private readWord(): ShWord {
    const start = this.position;
    const parts: ShPart[] = [];
    this.closingQuotes = [];
    while (this.position < this.text.length && !WORD_END.test(this.peek())) this.readPiece(parts, false);
    const { closingQuotes, position: end } = this;
    return { kind: "word", text: this.text.slice(start, end), parts, start, end, closingQuotes };
  }

  /** One character, escape, quoted piece or expansion. */
  private readPiece(parts: ShPart[], isQuoted: boolean): void {
    switch (this.peek()) {
      case "'":
        if (isQuoted) this.readChar(parts);
        else this.readSingleQuotes(parts);
        return;
      case '"':
        this.readDoubleQuotes(parts);
        return;
      case "\\":
        this.readEscape(parts, isQuoted);
        return;
      case "$":
        this.readDollar(parts, isQuoted);
        return;
      case "`":
        this.readBackquotes(parts);
        return;
      default:
        this.readChar(parts);
    }
  }

  private readChar(parts: ShPart[], length = 1): void {
    const start = this.position;
    this.position += length;
    parts.push({ kind: "char", char: this.text.charAt(this.position - 1), start, end: this.position });
  }

  private readSingleQuotes(parts: ShPart[]): void {
    const opening = this.position++;
    while (this.peekOrFail("'", opening) !== "'") this.readChar(parts);
    this.closingQuotes.push(this.position++);
  }

  private readDoubleQuotes(parts: ShPart[]): void {
    const opening = this.position++;
    while (this.peekOrFail('"', opening) !== '"') this.readPiece(parts, true);
    this.closingQuotes.push(this.position++);
  }

  private readEscape(parts: ShPart[], isQuoted: boolean): void {
    const next = this.text[this.position + 1];
    if (next === "\n") this.position += 2;
    else if (next === undefined || (isQuoted && !'$`"\\'.includes(next))) this.readChar(parts);
    else this.readChar(parts, 2);
  }

  private readDollar(parts: ShPart[], isQuoted: boolean): void {
    const start = this.position++;
    const next = this.peek();
    const name = this.match(NAME);
    if (name !== undefined) {
      parts.push({ kind: "parameter", name, operator: "", word: [], start, end: this.position });
    } else if (next === "{") this.readBraces(parts, start, isQuoted);
    else if (next === "(" || (!isQuoted && (next === "'" || next === '"')) || /^[0-9@*#?$!-]/.test(next)) {
      if (next === "(") this.skipParentheses();
      else if (next === "'" || next === '"') this.skipAnsiQuotes(next);
      else this.position++;
      this.pushOpaque(parts, start);
    } else {
      this.position = start;
      this.readChar(parts);
    }
  }

  private readBraces(parts: ShPart[], start: number, isQuoted: boolean): void {
    this.position++;
    const name = this.match(NAME);
    const operator = name === undefined ? undefined : (this.match(OPERATION) ?? "");
    if (name === undefined || operator === undefined || (operator === "" && this.peek() !== "}")) {
      this.skipBraces(start, isQuoted);
      this.pushOpaque(parts, start);
      return;
    }
    const word: ShPart[] = [];
    while (this.peekOrFail("}", start) !== "}") this.readPiece(word, isQuoted);
    this.position++;
    parts.push({ kind: "parameter", name, operator, word, start, end: this.position });
  }

  private skipBraces(start: number, isQuoted: boolean): void {
    while (this.peekOrFail("}", start) !== "}") this.readPiece([], isQuoted);
    this.position++;
  }

  private readBackquotes(parts: ShPart[]): void {
    const start = this.position++;
    while (this.peekOrFail("`", start) !== "`") this.position += this.peek() === "\\" ? 2 : 1;
    this.position++;
    this.pushOpaque(parts, start);
  }

  /** Skips to the parenthesis that closes the one here; quotes inside are a world of their own. */
  private skipParentheses(): void {
    const start = this.position;
    const { closingQuotes } = this;
    let depth = 0;
    do {
      const char = this.peekOrFail(")", start);
      if (char === "(" || char === ")") {
        depth += char === "(" ? 1 : -1;
        this.position++;
      } else this.readPiece([], false);
    } while (depth > 0);
    this.closingQuotes = closingQuotes;
  }

  /** `$'…'` and `$"…"`: bash and dash read them differently. */
  private skipAnsiQuotes(quote: string): void {
    const opening = this.position++;
    while (this.peekOrFail(quote, opening) !== quote) this.position += this.peek() === "\\" ? 2 : 1;
    this.position++;
  }

  private pushOpaque(parts: ShPart[], start: number): void {
    const raw = this.text.slice(start, this.position);
    const mentions = [...raw.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)].flatMap((match) => match[1] ?? []);
    parts.push({ kind: "opaque", mentions, start, end: this.position });
  }

  private peek(): string {
    return this.text.charAt(this.position);
  }

  private peekOrFail(wanted: string, opening: number): string {
    if (this.position < this.text.length) return this.peek();
    throw new ShProblem(`what opens here is never closed by ${wanted}`, opening);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const [found] = pattern.exec(this.text) ?? [];
    this.position += found?.length ?? 0;
    return found;
  }
}
