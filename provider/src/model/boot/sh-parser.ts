import { ShProblem, type ShToken, type ShWord, lexSh } from "./sh-lexer";
import { type ShStatement, readLiteral } from "./sh-statements";

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)(\+?)=/;
const COMPOUNDS: ReadonlySet<string> = new Set([
  "{",
  "[[",
  "function",
  "if",
  "case",
  "for",
  "select",
  "while",
  "until",
]);
const DECLARATIONS: ReadonlySet<string> = new Set(["export", "readonly", "declare", "typeset", "local"]);

/** Lists what a text assigns and runs, in order; throws a ShProblem where it cannot be read. */
export function parseSh(text: string): ShStatement[] {
  return new ShParser(lexSh(text)).parse();
}

class ShParser {
  private readonly tokens: readonly ShToken[];
  private readonly statements: ShStatement[] = [];
  private index = 0;
  private depth = 0;
  private functionName: string | undefined;

  constructor(tokens: readonly ShToken[]) {
    this.tokens = tokens;
  }

  parse(): ShStatement[] {
    this.parseList([]);
    const token = this.tokens[this.index];
    if (token !== undefined) throw new ShProblem(`${JSON.stringify(token.text)} does not belong here`, token.start);
    return this.statements;
  }

  private parseList(ends: readonly string[]): void {
    for (;;) {
      while (this.acceptOperator("\n", ";", "&"));
      const token = this.tokens[this.index];
      if (token === undefined || ends.includes(token.text)) return;
      if (token.kind === "operator" && token.text !== "(") return;
      this.parseAndOr();
    }
  }

  private parseAndOr(): void {
    const first = this.statements.length;
    this.parsePipeline();
    const rest = this.statements.length;
    while (this.acceptOperator("&&", "||")) {
      while (this.acceptOperator("\n"));
      this.parsePipeline();
    }
    this.markConditional(rest);
    if (this.acceptOperator("&")) this.forgetFrom(first);
  }

  private parsePipeline(): void {
    const first = this.statements.length;
    while (this.acceptWord("!"));
    this.parseCommand();
    while (this.acceptOperator("|")) {
      while (this.acceptOperator("\n"));
      this.parseCommand();
      this.forgetFrom(first);
    }
  }

  /** What runs in a shell of its own changes no variable of this one. */
  private forgetFrom(first: number): void {
    this.statements.length = first;
  }

  private markConditional(from: number): void {
    for (const statement of this.statements.slice(from)) statement.isConditional = true;
  }

  private parseCommand(): void {
    const token = this.tokens[this.index];
    if (token?.kind === "word" && this.parseCompound(token.text)) this.skipRedirections();
    else if (this.acceptOperator("(")) {
      const first = this.statements.length;
      this.parseBlock(")");
      this.forgetFrom(first);
      this.skipRedirections();
    } else this.parseSimple();
  }

  /** Parses a compound command; false where none begins here. */
  private parseCompound(word: string): boolean {
    if (this.isFunctionHead()) {
      this.parseFunction();
      return true;
    }
    if (!COMPOUNDS.has(word)) return false;
    this.index++;
    if (word === "{") this.parseBlock("}");
    else if (word === "[[") this.skipTo("]]");
    else if (word === "function") this.parseFunction();
    else this.parseBranches(word);
    return true;
  }

  /** Parses code that the shell may pass by. */
  private parseBranches(word: string): void {
    this.depth++;
    if (word === "if") this.parseIf();
    else if (word === "case") this.parseCase();
    else if (word === "for" || word === "select") this.parseFor();
    else this.parseLoop();
    this.depth--;
  }

  private parseBlock(...ends: [string, ...string[]]): string {
    this.parseList(ends);
    const token = this.tokens[this.index];
    if (token === undefined) throw new ShProblem(`${ends.join(" or ")} is missing`, this.endOffset());
    if (!ends.includes(token.text)) {
      throw new ShProblem(`${JSON.stringify(token.text)} stands where ${ends.join(" or ")} is due`, token.start);
    }
    this.index++;
    return token.text;
  }

  private parseIf(): void {
    let end: string;
    do {
      this.parseBlock("then");
      end = this.parseBlock("elif", "else", "fi");
    } while (end === "elif");
    if (end === "else") this.parseBlock("fi");
  }

  private parseLoop(): void {
    this.parseBlock("do");
    this.parseBlock("done");
  }

  private parseFor(): void {
    const variable = this.tokens[this.index];
    if (variable !== undefined) this.emit({ kind: "taint", names: [variable.text], ...this.context() });
    this.skipTo("do");
    this.parseBlock("done");
  }

  private parseCase(): void {
    this.skipTo("in");
    for (;;) {
      while (this.acceptOperator("\n"));
      if (this.acceptWord("esac")) return;
      this.acceptOperator("(");
      this.skipTo(")");
      this.parseList(["esac"]);
      if (!this.acceptOperator(";;", ";&", ";;&") && this.tokens[this.index]?.text !== "esac") {
        throw new ShProblem("esac is missing", this.endOffset());
      }
    }
  }

  private isFunctionHead(): boolean {
    const [name, open, close] = this.tokens.slice(this.index, this.index + 3);
    return name?.kind === "word" && open?.text === "(" && close?.text === ")" && !ASSIGNMENT.test(name.text);
  }

  private parseFunction(): void {
    const outer = this.functionName;
    this.functionName = this.tokens[this.index++]?.text ?? "";
    if (this.acceptOperator("(")) this.acceptOperator(")");
    while (this.acceptOperator("\n"));
    this.depth++;
    this.parseCommand();
    this.depth--;
    this.functionName = outer;
  }

  private parseSimple(): void {
    const assignments: ShWord[] = [];
    const words: ShWord[] = [];
    const start = this.index;
    for (let token = this.tokens[this.index]; token !== undefined; token = this.tokens[this.index]) {
      if (token.kind === "redirect") this.skipRedirections();
      else if (token.kind !== "word") {
        if (token.text !== "(" || this.tokens[this.index - 1]?.end !== token.start || this.index === start) break;
        this.skipArray(assignments.pop());
      } else {
        if (words.length === 0 && ASSIGNMENT.test(token.text)) assignments.push(token);
        else words.push(token);
        this.index++;
      }
    }
    if (this.index === start) this.failHere();
    this.emitSimple(assignments, words);
  }

  private emitSimple(assignments: readonly ShWord[], words: readonly ShWord[]): void {
    const [first] = words;
    if (first === undefined) {
      for (const word of assignments) this.emitAssignment(word);
      return;
    }
    const prefixes = assignments.flatMap((word) => ASSIGNMENT.exec(word.text)?.[1] ?? []);
    const name = readLiteral(first);
    this.emit({ kind: "command", name, words: words.slice(1), prefixes, start: first.start, ...this.context() });
    if (name === undefined || !DECLARATIONS.has(name)) return;
    for (const word of words.slice(1)) if (ASSIGNMENT.test(word.text)) this.emitAssignment(word);
  }

  private emitAssignment(word: ShWord): void {
    const [head = "", name = "", plus = ""] = ASSIGNMENT.exec(word.text) ?? [];
    const parts = word.parts.filter((part) => part.start >= word.start + head.length);
    this.emit({ kind: "assignment", name, isAppend: plus !== "", parts, word, ...this.context() });
  }

  /** `NAME=(…)`, an array of bash. */
  private skipArray(word: ShWord | undefined): void {
    const name = word === undefined ? undefined : ASSIGNMENT.exec(word.text)?.[1];
    if (name === undefined) this.failHere();
    this.emit({ kind: "taint", names: [name], ...this.context() });
    this.skipTo(")");
  }

  private skipRedirections(): void {
    for (let token = this.tokens[this.index]; token?.kind === "redirect"; token = this.tokens[this.index]) {
      if (/<<-?$/.test(token.text)) throw new ShProblem("here-documents are not understood", token.start);
      this.index++;
      if (this.acceptOperator("(")) this.parseBlock(")");
      else if (this.tokens[this.index]?.kind === "word") this.index++;
      else this.failHere();
    }
  }

  private skipTo(text: string): void {
    for (let token = this.tokens[this.index]; token !== undefined; token = this.tokens[this.index]) {
      this.index++;
      if (token.text === text) return;
    }
    throw new ShProblem(`${text} is missing`, this.endOffset());
  }

  private emit(statement: ShStatement): void {
    this.statements.push(statement);
  }

  private context(): { isConditional: boolean; functionName: string | undefined } {
    return { isConditional: this.depth > 0, functionName: this.functionName };
  }

  private acceptOperator(...texts: readonly string[]): boolean {
    const token = this.tokens[this.index];
    if (token?.kind !== "operator" || !texts.includes(token.text)) return false;
    this.index++;
    return true;
  }

  private acceptWord(text: string): boolean {
    const token = this.tokens[this.index];
    if (token?.kind !== "word" || token.text !== text) return false;
    this.index++;
    return true;
  }

  private failHere(): never {
    const token = this.tokens[this.index];
    throw new ShProblem(`${JSON.stringify(token?.text ?? "")} does not belong here`, token?.start ?? this.endOffset());
  }

  private endOffset(): number {
    return this.tokens.at(-1)?.end ?? 0;
  }
}
