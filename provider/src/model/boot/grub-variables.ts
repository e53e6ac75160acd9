import { parseSh } from "./sh-parser";
import { ShEvaluation, renderValue } from "./sh-evaluation";
import { ShProblem } from "./sh-lexer";
import { UNKNOWN } from "./source-words";

/** The two settings that make up the command line: of all entries, and of entries that are not recovery entries. */
export type GrubVariable = "GRUB_CMDLINE_LINUX" | "GRUB_CMDLINE_LINUX_DEFAULT";

/** In the order in which `10_linux` writes them on the command line. */
export const GRUB_VARIABLES: readonly GrubVariable[] = ["GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"];

/** A settings file of GRUB. */
export interface GrubSettingsFile {
  readonly path: string;
  readonly text: string;
}

/** Values of the two settings; where `isExact` is false, parts that only a shell could tell stand as they are written. */
export interface GrubDefaults {
  readonly GRUB_CMDLINE_LINUX?: string;
  readonly GRUB_CMDLINE_LINUX_DEFAULT?: string;
  readonly isExact: boolean;
}

/** A drop-in that sets a variable without keeping what it held before. */
export interface GrubOverride {
  readonly path: string;
  /** False when shell code decides, so that the drop-in may or may not keep the value. */
  readonly isCertain: boolean;
}

/**
 * Works out the settings from `/etc/default/grub` and, where the distribution reads them, the drop-ins of
 * `/etc/default/grub.d`, in the order in which they are read. Nothing is executed.
 */
export function evaluateGrubDefaults(files: readonly GrubSettingsFile[]): GrubDefaults {
  const evaluation = new ShEvaluation(GRUB_VARIABLES);
  for (const { text } of files) runFile(evaluation, text);
  const values = GRUB_VARIABLES.map((name) => ({ name, value: evaluation.lookUp(name) }));
  const known = values.flatMap(({ name, value }) => (value === undefined ? [] : [[name, renderValue(value) ?? ""]]));
  const isExact = values.every(({ value }) => value?.some((cell) => cell.char === UNKNOWN) !== true);
  return { ...(Object.fromEntries(known) as Partial<Record<GrubVariable, string>>), isExact };
}

/**
 * The last drop-in that drops what the files before it set, so that an edit of those has no effect. The first file is
 * the main one.
 */
export function findOverride(files: readonly GrubSettingsFile[], variable: GrubVariable): GrubOverride | undefined {
  const evaluation = new ShEvaluation(GRUB_VARIABLES);
  const marker = { char: "\u0001", start: -1, end: -1 };
  let found: GrubOverride | undefined;
  for (const [index, { path, text }] of files.entries()) {
    evaluation.variables.set(variable, [marker]);
    runFile(evaluation, text);
    const value = evaluation.lookUp(variable);
    if (index === 0 || value?.includes(marker) === true) continue;
    const isDerived = value?.some((cell) => cell.mentions?.includes(variable) === true) === true;
    found = { path, isCertain: !isDerived };
  }
  return found;
}

function runFile(evaluation: ShEvaluation, text: string): void {
  try {
    evaluation.run(parseSh(text), text);
  } catch (error) {
    if (!(error instanceof ShProblem)) throw error;
    evaluation.taintAll();
  }
}
