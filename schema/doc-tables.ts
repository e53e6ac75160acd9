import { KNOWN_ERRORS } from "../provider/src/model/error-catalogue/catalogue";
import type { KnownError } from "../provider/src/model/error-catalogue/entry";
import { ABSOLUTE_RULES, SAFETY_RULES, WAIVABLE_RULES } from "../provider/src/model/pci/safety-rules";
import { machines } from "../provider/src/testing/machines/catalog";
import { derivePackageSchema } from "./package-schema";
import { tokenOf, type PackageSpec, type PropertySpec, type TypeSpec } from "./package-spec";

const BLOCK = /(<!-- table: ([^>]+?) -->\n)[\s\S]*?(<!-- end of table -->)/g;

/** Puts the tables that a page asks for between its marks `<!-- table: NAME -->` and `<!-- end of table -->`. */
export function fillTables(page: string): string {
  return page.replace(BLOCK, (_block, begin: string, name: string, end: string) => {
    return `${begin}\n${renderTable(name)}\n\n${end}`;
  });
}

/**
 * A table by its name: `inputs KIND`, `outputs KIND`, `type NAME`, `waivable rules`, `absolute rules`, `list errors`,
 * `list machines`; and the sections of the page of errors, `section errors`.
 */
function renderTable(name: string): string {
  const [what = "", of = ""] = name.split(" ");
  if (of === "rules") return renderRules(what);
  if (of === "machines") return renderMachines();
  if (of === "errors") return what === "list" ? renderErrorList() : KNOWN_ERRORS.map(renderError).join("\n\n");
  const schema = derivePackageSchema();
  if (what === "type") return renderMembers(schema, readType(schema, of));
  const resource = schema.resources[tokenOf(of)];
  if (resource === undefined) throw new Error(`no table is called ${JSON.stringify(name)}`);
  if (what === "inputs")
    return renderMembers(schema, { properties: resource.inputProperties, required: resource.requiredInputs });
  const outputs = Object.entries(resource.properties).filter(([key]) => !(key in resource.inputProperties));
  return renderOutputs(schema, outputs);
}

interface Members {
  readonly properties: Readonly<Record<string, PropertySpec>>;
  readonly required: readonly string[];
}

function readType(schema: PackageSpec, name: string): Members {
  const type = schema.types[tokenOf(name)];
  if (type === undefined || !("properties" in type)) throw new Error(`the schema has no object type ${name}`);
  return type;
}

/** Members of objects stand below the object, with their whole path; a host's are on a page of their own. */
function renderMembers(schema: PackageSpec, members: Members): string {
  return joinRows(["Name", "Type", "What it is"], listMemberRows(schema, members, ""));
}

function listMemberRows(schema: PackageSpec, { properties, required }: Members, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const isNeeded = prefix === "" && required.includes(name);
    const label = `\`${prefix}${name}\`${isNeeded ? ", required" : ""}`;
    const nested = property.$ref === undefined ? undefined : schema.types[property.$ref.replace("#/types/", "")];
    const rows = nested !== undefined && "properties" in nested ? listMemberRows(schema, nested, `${name}.`) : [];
    return [[label, describeType(schema, property), property.description ?? ""], ...rows];
  });
}

function renderOutputs(schema: PackageSpec, outputs: readonly [string, PropertySpec][]): string {
  const rows = outputs.map(([name, property]) => [
    `\`${name}\``,
    describeType(schema, property),
    property.description ?? "",
  ]);
  return joinRows(["Name", "Type", "What it is"], rows);
}

/** A type in words. */
function describeType(schema: PackageSpec, spec: TypeSpec): string {
  if (spec.oneOf !== undefined) return spec.oneOf.map((type) => describeType(schema, type)).join(" or ");
  if (spec.type === "array" && spec.items !== undefined) return `list of ${describeType(schema, spec.items)}`;
  if (spec.type === "object") return `map of ${describeType(schema, spec.additionalProperties ?? {})}`;
  if (spec.$ref === undefined) return spec.type ?? "anything";
  const type = schema.types[spec.$ref.replace("#/types/", "")];
  if (spec.$ref.startsWith("#/resources/")) return `\`${spec.$ref.split(":").at(-1) ?? ""}\``;
  if (type === undefined) return "anything";
  if ("enum" in type) return type.enum.map(({ value }) => `\`${value}\``).join(", ");
  return `object (${
    Object.keys(type.properties).length > 5
      ? "see below"
      : Object.keys(type.properties)
          .map((key) => `\`${key}\``)
          .join(", ")
  })`;
}

function renderMachines(): string {
  return joinRows(
    ["Name", "What it is"],
    Object.entries(machines).map(([name, { description }]) => [`\`${name}\``, description]),
  );
}

function renderRules(which: string): string {
  const names = which === "waivable" ? WAIVABLE_RULES : ABSOLUTE_RULES;
  return joinRows(
    ["Rule", "Refuses to move", "Because", "Do this instead"],
    names.map((name) => {
      const { refuses, because, instead } = SAFETY_RULES[name];
      return [`\`${name}\``, refuses, because, instead];
    }),
  );
}

function renderErrorList(): string {
  return joinRows(
    ["Error", "What has happened"],
    KNOWN_ERRORS.map(({ id, title }) => [`[${id}](#${id.toLowerCase()})`, title]),
  );
}

/** The heading is the id alone, so that links stay right when the words change. */
function renderError({ id, title, foreign, own, cause, remedy }: KnownError): string {
  const shown = [...foreign, ...own].map((shape) => `${shape.replaceAll(/\{(\w+)\}/g, "<$1>")}\n`).join("");
  return [
    `## ${id}`,
    `**${title}.** Known by these words:`,
    `\`\`\`text\n${shown}\`\`\``,
    `Cause: ${fillNames(cause)}.`,
    `Remedy: ${fillNames(remedy)}.`,
  ].join("\n\n");
}

/** What a message names stands for itself on the page. */
function fillNames(text: string): string {
  const names: Readonly<Record<string, string>> = { address: "the device", number: "N", group: "the group's file" };
  return text.replaceAll(/\{(\w+)\}/g, (_all, name: string) => names[name] ?? `the ${name}`).replaceAll("<", "&lt;");
}

function joinRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}
