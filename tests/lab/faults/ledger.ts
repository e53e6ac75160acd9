import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { FaultCase } from "./cases";
import type { Outcome } from "./outcome";

/** What is known of one case: a member is missing when the case did not get so far. */
export interface Row {
  readonly faultCase: FaultCase;
  cameBack?: Outcome;
  hasConverged?: boolean;
}

/** A row as a line of JSON in a file. */
const Entry = z.object({
  title: z.string(),
  image: z.string(),
  transaction: z.string(),
  fault: z.string(),
  step: z.string(),
  /** How long the host was away; missing when it did not come back. */
  seconds: z.number().optional(),
  hasConverged: z.boolean(),
});
type Entry = z.infer<typeof Entry>;

/** The cases of this run, and those of earlier runs with the same file: a loop of hours may be ended and taken up again. */
export class Ledger {
  readonly #file: string | undefined;
  readonly #entries: Entry[];

  /** Reads what the file holds; without a file nothing is kept beyond this run. */
  constructor(file: string | undefined) {
    this.#file = file;
    const text = file === undefined || !existsSync(file) ? "" : readFileSync(file, "utf8");
    const lines = text.split("\n").filter((line) => line !== "");
    this.#entries = lines.map((line) => Entry.parse(JSON.parse(line)));
  }

  /** Whether a case went well already. */
  isDone(title: string): boolean {
    return this.#latest().get(title)?.hasConverged === true;
  }

  /** Says how a case went, to whoever watches the run, and writes it down at once. */
  add({ faultCase, cameBack, hasConverged = false }: Row): void {
    const { fault, scenario, step, stepName, title } = faultCase;
    const back = cameBack === undefined ? "LOST" : `came back after ${cameBack.seconds} s`;
    process.stderr.write(`${title}: ${back}, ${hasConverged ? "converged" : "NOT CONVERGED"}\n`);
    const entry: Entry = {
      title,
      image: scenario.image,
      transaction: scenario.name,
      fault,
      step: `${step} ${stepName}`,
      ...(cameBack !== undefined && { seconds: cameBack.seconds }),
      hasConverged,
    };
    this.#entries.push(entry);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** All cases as tables of Markdown, the latest result of each: by transaction, and by step. */
  render(): string {
    const entries = [...this.#latest().values()];
    const whole = renderTable(["Transaction", "Host"], entries, ({ transaction, image }) => [transaction, image]);
    const steps = renderTable(["Transaction", "Host", "Step"], entries, ({ transaction, image, step }) => [
      transaction,
      image,
      step,
    ]);
    return [whole, steps, countLine(entries), ""].join("\n\n");
  }

  #latest(): ReadonlyMap<string, Entry> {
    return new Map(this.#entries.map((entry) => [entry.title, entry]));
  }
}

/** A line for each group of entries that have the same first cells. */
function renderTable(
  names: readonly string[],
  entries: readonly Entry[],
  cellsOf: (entry: Entry) => readonly string[],
): string {
  const keys = [...new Set(entries.map((entry) => cellsOf(entry).join(" | ")))];
  keys.sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  const lines = keys.map((key) => {
    const group = entries.filter((entry) => cellsOf(entry).join(" | ") === key);
    return renderLine([key, ...countGroup(group).map(String)]);
  });
  const header = [...names, "Faults", "Came back", "Converged"];
  return [renderLine(header), renderLine(header.map(() => "---")), ...lines].join("\n");
}

function renderLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** How many faults there were, and how many hosts came back and converged. */
function countGroup(entries: readonly Entry[]): readonly [number, number, number] {
  const back = entries.filter(({ seconds }) => seconds !== undefined).length;
  return [entries.length, back, entries.filter(({ hasConverged }) => hasConverged).length];
}

function countLine(entries: readonly Entry[]): string {
  const [faults, back, converged] = countGroup(entries);
  return `${faults} faults, ${faults - back} hosts lost, ${faults - converged} not converged`;
}
