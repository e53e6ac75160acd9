import { hang, wrap } from "../layout";
import { Code, type Declaration, type HostProgram, type Omission, type Value } from "./declaration";
import { renderValue } from "./render-value";
import type { WrittenConnection } from "./render-connection";

const COMMENT_COLUMNS = 97;

/** The program as TypeScript. */
export function renderProgram(
  title: string,
  { declarations, omissions }: HostProgram,
  host: WrittenConnection,
): string {
  const kinds = [...new Set(declarations.map(({ plan }) => plan.kind))].sort();
  const parts = [
    [
      ...(host.secrets.length === 0 ? [] : [`import * as pulumi from "@pulumi/pulumi";`]),
      ...(kinds.length === 0 ? [] : [`import { ${kinds.join(", ")} } from "pulumi-passthrough";`]),
    ].join("\n"),
    renderComment([title]),
    ...(host.secrets.length === 0 ? [] : ["const config = new pulumi.Config();"]),
    `const host = ${renderValue(host.value, "", "const host = ".length)};`,
    ...declarations.map((one) => renderDeclaration(one, declarations)),
    ...(omissions.length === 0 ? [] : [renderLeftOut(omissions)]),
    ...(kinds.length === 0 ? ["export {};"] : []),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function renderComment(sentences: readonly string[]): string {
  return sentences
    .flatMap((sentence) => wrap(sentence.replace(/\s+/g, " "), COMMENT_COLUMNS))
    .map((line) => `// ${line}`)
    .join("\n");
}

function renderLeftOut(omissions: readonly Omission[]): string {
  const rows = omissions.flatMap(({ what, why }) =>
    hang("- ", `${what}: ${why}.`.replace(/\s+/g, " "), COMMENT_COLUMNS),
  );
  return ["Left out:", ...rows].map((line) => `// ${line}`).join("\n");
}

function renderDeclaration(declaration: Declaration, all: readonly Declaration[]): string {
  const { name, variable, inputs, dependsOn, remarks, plan } = declaration;
  const constant = isUsed(variable, all) ? `const ${variable} = ` : "";
  const start = `${constant}new ${plan.kind}(`;
  const values: Value = { host: new Code("host"), ...inputs };
  const more = dependsOn.length === 0 ? [] : [{ dependsOn: renderFirst(dependsOn) }];
  const words = [name, values, ...more];
  const flat = `${start}${words.map((word) => renderValue(word)).join(", ")});`;
  const spread = `${start}\n${words.map((word) => `  ${renderValue(word, "  ", 2)},\n`).join("")});`;
  const hasRoom = flat.length <= 100 && !flat.includes("\n");
  const huggingEnd = `${start}${JSON.stringify(name)}, ${renderValue(values, "", Infinity)});`;
  const code = hasRoom ? flat : more.length === 0 ? huggingEnd : spread;
  return `${renderComment(remarks)}\n${code}`;
}

function renderFirst(variables: readonly string[]): Value {
  const codes = variables.map((one) => new Code(one));
  return codes.length === 1 && codes[0] !== undefined ? codes[0] : codes;
}

/** Whether another resource names it. */
function isUsed(variable: string, all: readonly Declaration[]): boolean {
  return all.some(
    ({ inputs, dependsOn }) =>
      dependsOn.includes(variable) ||
      Object.values(inputs).some((value) => value instanceof Code && value.text === `${variable}.members`),
  );
}
