import type { Check } from "../model/doctor/check";
import { hang, wrap } from "./layout";
import type { Paint, Terminal } from "./terminal";

type Screen = Pick<Terminal, "columns" | "paint">;

const MARKS: Readonly<Record<Check["outcome"], string>> = { ok: "✓", warning: "!", failure: "✗" };

/** The checks in their order: what was found and, where something is amiss, what to do about it. */
export function renderChecks(host: string, checks: readonly Check[], screen: Screen): string {
  const { columns, paint } = screen;
  const lines = [
    paint.title(host),
    ...checks.flatMap((check) => renderCheck(check, screen)),
    "",
    ...wrap(summarise(checks, paint), columns),
  ];
  return `${lines.join("\n")}\n`;
}

function renderCheck({ title, outcome, cause, remedy }: Check, { columns, paint }: Screen): string[] {
  const colour = paintOf(outcome, paint);
  const isOk = outcome === "ok";
  return [
    `  ${colour(MARKS[outcome])} ${isOk ? title : colour(title)}`,
    ...hang("      ", cause, columns).map((line) => (isOk ? paint.faint(line) : line)),
    ...(remedy === "" ? [] : hang(`    ${paint.note("→")} `, remedy, columns)),
  ];
}

function paintOf(outcome: Check["outcome"], paint: Paint): (text: string) => string {
  switch (outcome) {
    case "ok":
      return paint.good;
    case "warning":
      return paint.caution;
    case "failure":
      return paint.bad;
  }
}

function summarise(checks: readonly Check[], paint: Paint): string {
  function count(outcome: Check["outcome"]): number {
    return checks.filter((check) => check.outcome === outcome).length;
  }
  const [failures, warnings] = [count("failure"), count("warning")];
  const counted = `${count("ok")} ok, ${warnings} ${warnings === 1 ? "warning" : "warnings"}, ${failures} ${failures === 1 ? "failure" : "failures"}`;
  if (failures === 0) return `${counted}. ${paint.good("Devices of this host can go to guests.")}`;
  const first = checks.find((check) => check.outcome === "failure");
  return `${counted}. ${paint.bad(`Begin with: ${first?.title ?? ""}.`)}`;
}

/** Whether a check failed. */
export function hasFailure(checks: readonly Check[]): boolean {
  return checks.some((check) => check.outcome === "failure");
}
