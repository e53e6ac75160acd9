import type { FaultCase } from "./cases";
import type { Outcome } from "./outcome";

/** What is known of one case: a member is missing when the case did not get so far. */
export interface Row {
  readonly faultCase: FaultCase;
  cameBack?: Outcome;
  hasConverged?: boolean;
}

const HEADER = "| Host | Transaction | Fault | Step | Came back | Converged |\n| --- | --- | --- | --- | --- | --- |";

/** All cases as a table of Markdown, and a line that counts them. */
export function renderReport(rows: readonly Row[]): string {
  const lost = rows.filter((row) => row.cameBack === undefined).length;
  const stuck = rows.filter((row) => row.hasConverged !== true).length;
  const count = `${rows.length} faults, ${lost} hosts lost, ${stuck} not converged`;
  return [HEADER, ...rows.map(renderRow), "", count, ""].join("\n");
}

/** One case as a line of the table. */
export function renderRow({ faultCase, cameBack, hasConverged }: Row): string {
  const { fault, scenario, step, stepName } = faultCase;
  const back = cameBack === undefined ? "**no**" : `yes, ${cameBack.seconds} s`;
  const converged = hasConverged === true ? "yes" : "**no**";
  return `| ${[scenario.image, scenario.name, fault, `${step} ${stepName}`, back, converged].join(" | ")} |`;
}
