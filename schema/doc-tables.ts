import { ABSOLUTE_RULES, SAFETY_RULES, WAIVABLE_RULES } from "../provider/src/model/pci/safety-rules";
import { derivePackageSchema } from "./package-schema";
import { tokenOf, type PackageSpec, type PropertySpec, type TypeSpec } from "./package-spec";

const BLOCK = /(<!-- table: ([^>]+?) -->\n)[\s\S]*?(<!-- end of table -->)/g;

/** Puts the tables that a page asks for between its marks `<!-- table: NAME -->` and `<!-- end of table -->`. */
export function fillTables(page: string): string {
  return page.replace(BLOCK, (_block, begin: string, name: string, end: string) => {
    return `${begin}\n${renderTable(name)}\n\n${end}`;
  });
}

/** A table by its name: `inputs KIND`, `outputs KIND`, `type NAME`, `waivable rules` or `absolute rules`. */
function renderTable(name: string): string {
  const [what = "", of = ""] = name.split(" ");
  if (of === "rules") return renderRules(what);
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

function joinRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}
