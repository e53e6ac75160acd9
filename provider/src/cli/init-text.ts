import type { HostProgram } from "./init/declaration";
import { describeFirst } from "./init/render-project";
import { hang, layOut } from "./layout";
import { isQuiet } from "./planning";
import type { Terminal } from "./terminal";

/** What was written, and what its first preview will show. */
export interface InitResult {
  readonly directory: string;
  /** Name of the Pulumi project. */
  readonly name: string;
  readonly files: readonly string[];
  readonly program: HostProgram;
  /** Names of settings of the stack that secrets come from. */
  readonly secrets: readonly string[];
}

/** The outcome of `passthrough init` for people. */
export function renderInit(
  { directory, name, files, program, secrets }: InitResult,
  screen: Pick<Terminal, "columns" | "paint">,
): string {
  const { columns, paint } = screen;
  const { declarations, omissions } = program;
  const rows = declarations.map((one) => {
    const text = describeFirst(one);
    return [
      `  ${paint.good("+")} ${one.name}`,
      one.plan.kind,
      isQuiet(one.plan) ? paint.faint(text) : paint.caution(text),
    ];
  });
  const changing = declarations.filter(({ plan }) => !isQuiet(plan));
  const lines = [
    `${paint.good("✓")} wrote ${directory}: ${files.join(", ")}`,
    "",
    paint.title("The first preview"),
    ...(rows.length === 0 ? [] : layOut(rows, columns)),
    ...hang("  ", summarise(program), columns),
    ...changing.flatMap(({ name, plan }) => [
      "",
      `${paint.title(name)}${plan.steps.length === 0 && plan.warnings.length === 0 ? "  known when the others are done" : ""}`,
      ...plan.steps.flatMap((step, i) => hang(`  ${paint.note(`${i + 1}.`)} `, step, columns)),
      ...(plan.waitsFor === undefined ? [] : hang(`  ${paint.caution("…")} `, plan.waitsFor, columns)),
      ...plan.warnings.flatMap((warning) => hang(`  ${paint.caution("!")} `, warning, columns)),
    ]),
    ...(omissions.length === 0 ? [] : ["", paint.title("Left out")]),
    ...omissions.flatMap(({ what, why }) => hang("  - ", `${what}: ${why}`, columns)),
    "",
    paint.title("Next"),
    `  cd ${directory} && npm install`,
    `  pulumi stack init ${name}`,
    ...secrets.map((secret) => `  pulumi config set --secret ${secret}`),
    "  pulumi preview --diff",
  ];
  return `${lines.join("\n")}\n`;
}

/** Pulumi calls everything new a creation; what is meant has to be said. */
function summarise({ declarations }: HostProgram): string {
  if (declarations.length === 0) return "There is nothing on this host yet that a program could describe.";
  const quiet = declarations.filter(({ plan }) => isQuiet(plan)).length;
  if (quiet === declarations.length) {
    return "Pulumi says create of what it has not heard of yet. No plan has steps: nothing on the host changes.";
  }
  return "Pulumi says create of what it has not heard of yet. Only what has steps changes the host.";
}
