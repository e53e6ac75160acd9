import { Code, type Value } from "./declaration";

/** Longest line of a program. */
const MOST_COLUMNS = 100;

/** A value as TypeScript, on one line where it fits behind `column` columns. */
export function renderValue(value: Value, indent = "", column = 0): string {
  const flat = renderFlat(value);
  if (column + flat.length <= MOST_COLUMNS || typeof value !== "object" || value instanceof Code) return flat;
  const deeper = `${indent}  `;
  if (isList(value)) {
    const rows = value.map((member) => `${deeper}${renderValue(member, deeper, deeper.length)},\n`);
    return `[\n${rows.join("")}${indent}]`;
  }
  const rows = Object.entries(value).map(([name, member]) => {
    if (isShorthand(name, member)) return `${deeper}${name},\n`;
    const key = renderKey(name);
    return `${deeper}${key}: ${renderValue(member, deeper, deeper.length + key.length + 2)},\n`;
  });
  return `{\n${rows.join("")}${indent}}`;
}

function renderFlat(value: Value): string {
  if (value instanceof Code) return value.text;
  if (isList(value)) return `[${value.map(renderFlat).join(", ")}]`;
  if (typeof value !== "object") return renderScalar(value);
  const members = Object.entries(value).map(([name, member]) =>
    isShorthand(name, member) ? name : `${renderKey(name)}: ${renderFlat(member)}`,
  );
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** As JSON, without the line separators that some tools take for the end of a line. */
function renderScalar(value: string | number | boolean): string {
  return JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isShorthand(name: string, member: Value): boolean {
  return member instanceof Code && member.text === name;
}

function renderKey(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
