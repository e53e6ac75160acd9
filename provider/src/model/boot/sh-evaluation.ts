import type { ShParameter, ShPart, ShWord } from "./sh-lexer";
import { type ShAssignment, type ShCommand, type ShStatement, readLiteral } from "./sh-statements";
import { type Cell, UNKNOWN } from "./source-words";

/** A character of a variable's value, and the assignment that wrote it. */
export interface ValueCell extends Cell {
  readonly assignment?: ShAssignment;
  /** For an unknown piece: how it is written, and the variables that it is made of. */
  readonly label?: string;
  readonly mentions?: readonly string[];
}

/** Undefined: not set. */
export type ShValue = readonly ValueCell[] | undefined;

const READERS: ReadonlySet<string> = new Set(["read", "getopts", "printf", "mapfile", "readarray", "let"]);
const SOURCES: ReadonlySet<string> = new Set([".", "source"]);

/**
 * Follows what a file does to variables, without running anything. What shell code may or may not do leaves an unknown
 * piece behind: in the place of the value, or after it where the code builds on the old value.
 */
export class ShEvaluation {
  readonly variables = new Map<string, ShValue>();
  /** Assignments in the order in which they surely take place. */
  readonly done: ShAssignment[] = [];
  /** Pieces that may or may not be part of a value, as shell code decides; `variable` is the variable they belong to. */
  possible: readonly { readonly variable: string; readonly cells: readonly ValueCell[] }[] = [];
  private readonly functions = new Map<string, ShStatement[]>();
  private mayStop = false;

  /** `unsetNames` are the variables that are known not to be set at the start; of others nothing is known. */
  constructor(unsetNames: readonly string[]) {
    for (const name of unsetNames) this.variables.set(name, undefined);
  }

  /** The value of a variable as far as it is known. */
  lookUp(name: string): ShValue {
    return this.variables.has(name) ? this.variables.get(name) : [unknown(`$${name}`, [name])];
  }

  run(statements: readonly ShStatement[], text: string): void {
    for (const statement of statements) {
      const { functionName } = statement;
      if (functionName !== undefined) {
        this.functions.set(functionName, [...(this.functions.get(functionName) ?? []), statement]);
      } else if (statement.kind === "taint") this.taint(statement.names);
      else if (statement.kind === "assignment") this.assign(statement, text);
      else if (this.runCommand(statement, text) === "stop") return;
    }
    this.mayStop = false;
  }

  /** Forgets all values: any variable may have been changed. */
  taintAll(): void {
    this.taint([...this.variables.keys()]);
  }

  /** Other files are taken to add to values, as drop-ins do; only the generated menu shows whether they do. */
  private extendAll(): void {
    for (const name of this.variables.keys()) this.extend(name);
  }

  private extend(name: string): void {
    const before = this.lookUp(name) ?? [];
    const piece = unknown(`$${name}`, [name]);
    if (before.at(-1)?.label !== piece.label)
      this.variables.set(name, [...before, { ...piece, char: " ", label: " " }, piece]);
  }

  private assign(assignment: ShAssignment, text: string): void {
    if (assignment.isConditional || this.mayStop) {
      this.mayAssign(assignment, text);
      return;
    }
    if (!buildsOnItself(assignment)) this.forget(assignment.name);
    const own = this.evaluate(assignment.parts, text, assignment);
    const before = assignment.isAppend ? (this.lookUp(assignment.name) ?? []) : [];
    this.variables.set(assignment.name, [...before, ...own]);
    this.done.push(assignment);
  }

  /** Takes in an assignment that may or may not take place. */
  private mayAssign(assignment: ShAssignment, text: string): void {
    const cells = this.evaluate(assignment.parts, text, assignment);
    if (buildsOnItself(assignment)) this.extend(assignment.name);
    else this.taint([assignment.name]);
    this.note(
      assignment.name,
      cells.filter((cell) => cell.assignment === assignment),
    );
  }

  private forget(variable: string): void {
    this.possible = this.possible.filter((piece) => piece.variable !== variable);
  }

  private note(variable: string, cells: readonly ValueCell[]): void {
    if (cells.some((cell) => cell.char !== UNKNOWN)) this.possible = [...this.possible, { variable, cells }];
  }

  private runCommand(command: ShCommand, text: string): "stop" | undefined {
    const { name, words } = command;
    for (const word of words) this.evaluate(word.parts, text);
    if (name === undefined) for (const functionName of this.functions.keys()) this.call(functionName, words, text);
    else if (SOURCES.has(name)) this.extendAll();
    else if (name === "eval") this.taintAll();
    else if (name === "exit" || name === "return") {
      if (!command.isConditional && !this.mayStop) return "stop";
      this.mayStop = true;
    } else if (name === "unset") this.unset(words, command.isConditional || this.mayStop);
    else if (READERS.has(name)) this.taint(words.flatMap((word) => readLiteral(word) ?? []));
    else this.call(name, words, text);
    return undefined;
  }

  private unset(words: readonly ShWord[], isConditional: boolean): void {
    const names = words.flatMap((word) => readLiteral(word) ?? []);
    if (isConditional) this.taint(names);
    else for (const name of names) this.variables.set(name, undefined);
  }

  private call(functionName: string, words: readonly ShWord[], text: string): void {
    for (const statement of this.functions.get(functionName) ?? []) {
      if (statement.kind === "assignment") {
        this.mayAssign(statement, text);
        for (const word of words) this.note(statement.name, this.evaluate(word.parts, text));
      } else if (statement.kind === "taint") this.taint(statement.names);
      else if (statement.name === "exit") this.mayStop = true;
      else if (statement.name !== undefined && SOURCES.has(statement.name)) this.extendAll();
      else if (statement.name === "eval") this.taintAll();
    }
  }

  private taint(names: readonly string[]): void {
    for (const name of names) {
      this.note(name, this.variables.get(name) ?? []);
      this.variables.set(name, [unknown(`$${name}`, [name])]);
    }
  }

  private evaluate(parts: readonly ShPart[], text: string, assignment?: ShAssignment): ValueCell[] {
    return parts.flatMap((part): readonly ValueCell[] => {
      const { start, end } = part;
      switch (part.kind) {
        case "char":
          return [{ char: part.char, start, end, ...(assignment === undefined ? {} : { assignment }) }];
        case "parameter":
          return this.expand(part, text, assignment);
        case "opaque":
          return [unknown(text.slice(start, end), part.mentions)];
      }
    });
  }

  private expand(parameter: ShParameter, text: string, assignment?: ShAssignment): readonly ValueCell[] {
    const { name, operator } = parameter;
    const value = this.lookUp(name);
    if (operator === "") return value ?? [];
    const word = this.evaluate(parameter.word, text, assignment);
    const isFull = value?.some((cell) => cell.char !== UNKNOWN) === true;
    const isEmpty = value === undefined || (value.length === 0 && operator.startsWith(":"));
    if (!isFull && !isEmpty && value.length > 0) {
      if (operator.endsWith("=")) this.taint([name]);
      this.note(assignment?.name ?? name, word);
      return [unknown(text.slice(parameter.start, parameter.end), [name])];
    }
    if (operator.endsWith("+")) return isEmpty ? [] : word;
    if (!isEmpty) return value;
    if (operator.endsWith("=")) this.variables.set(name, word);
    return word;
  }
}

function unknown(label: string, mentions: readonly string[]): ValueCell {
  return { char: UNKNOWN, start: -1, end: -1, label, mentions };
}

/** Writes a value out; unknown pieces appear as they are written in the file. */
export function renderValue(value: ShValue): string | undefined {
  return value?.map((cell) => cell.label ?? cell.char).join("");
}

/** Whether an assignment builds on the old value of its own variable. */
export function buildsOnItself(assignment: ShAssignment): boolean {
  return assignment.isAppend || mentions(assignment.parts, assignment.name);
}

function mentions(parts: readonly ShPart[], name: string): boolean {
  return parts.some((part) => {
    if (part.kind === "opaque") return part.mentions.includes(name);
    return part.kind === "parameter" && (part.name === name || mentions(part.word, name));
  });
}
