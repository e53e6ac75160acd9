import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { definitions } from "../../provider/src/engine/registry";
import { WAIVABLE_RULES } from "../../provider/src/model/pci/safety-rules";
import { COMPONENTS } from "../../schema/components";
import { derivePackageSchema, OUTPUTS, renderPackageSchema } from "../../schema/package-schema";
import type { PropertySpec, TypeSpec } from "../../schema/package-spec";
import { TypeCollector } from "../../schema/type-collector";
import { REPOSITORY } from "./pages";

const schema = derivePackageSchema();
const all = Object.entries(schema.resources).map(([token, resource]) => ({ token, resource }));
const resources = all.filter(({ resource }) => resource.isComponent !== true);
const components = all.filter(({ resource }) => resource.isComponent === true);
const objects = Object.entries(schema.types).flatMap(([token, type]) =>
  "properties" in type ? [{ token, type }] : [],
);

describe("schema.json", () => {
  it("is what the code gives; if not, run node schema/generate.mjs", () => {
    expect(readFileSync(join(REPOSITORY, "schema/schema.json"), "utf8")).toBe(renderPackageSchema());
  });

  it("has every kind of resource, known by its dynamic token as well", () => {
    const tokens = Object.keys(definitions).map((kind) => [
      `passthrough:index:${kind}`,
      [{ type: `pulumi-nodejs:dynamic/passthrough:${kind}` }],
    ]);

    expect(Object.fromEntries(resources.map(({ token, resource }) => [token, resource.aliases]))).toEqual(
      Object.fromEntries(tokens),
    );
  });
});

describe.each(resources)("$token", ({ token, resource }) => {
  const kind = token.replace("passthrough:index:", "") as keyof typeof definitions;

  it("has the inputs that are checked and the outputs that are stored, each described", () => {
    const inputs = Object.keys((definitions[kind].schema as unknown as z.ZodObject).shape);
    const outputs = [...Object.keys(OUTPUTS[kind].shape), "plan", "machineId", "stateVersion"];

    expect(Object.keys(resource.inputProperties)).toEqual(inputs);
    expect(Object.keys(resource.properties)).toEqual([...inputs, ...outputs]);
    expect(listUndescribed(resource.properties)).toEqual([]);
    expect(resource.description).toMatch(/^[A-Z].*\.$/);
  });

  it("shows in the preview only what is an output", () => {
    expect(Object.keys(resource.properties)).toEqual(expect.arrayContaining([...definitions[kind].computed]));
  });

  it("needs those inputs that the check misses when nothing is given", () => {
    const missing = definitions[kind].schema.safeParse({}).error?.issues.map((issue) => issue.path[0]);

    expect(new Set(missing)).toEqual(new Set(resource.requiredInputs));
  });
});

describe.each(Object.entries(schema.functions))("%s", (_token, { description, inputs, outputs }) => {
  it("describes what it is given and what it answers, all of which is always there", () => {
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect([...listUndescribed(inputs.properties), ...listUndescribed(outputs.properties)]).toEqual([]);
    expect([inputs.required, outputs.required]).toEqual([["host"], Object.keys(outputs.properties)]);
  });
});

describe.each(components)("the component $token", ({ token, resource }) => {
  it("describes what it takes and gives", () => {
    const { inputs, outputs } = COMPONENTS[token.replace("passthrough:index:", "")] ?? {};

    expect(Object.keys(resource.inputProperties)).toEqual(Object.keys(inputs?.shape ?? {}));
    expect(Object.keys(resource.properties)).toEqual(Object.keys(outputs?.shape ?? {}));
    expect(listUndescribed({ ...resource.inputProperties, ...resource.properties })).toEqual([]);
    expect(resource.description).toMatch(/^[A-Z].*\.$/);
  });

  it("takes resources that there are", () => {
    const taken = Object.values(resource.inputProperties)
      .flatMap(listReferences)
      .filter((reference) => reference.startsWith("#/resources/"))
      .map((reference) => reference.replace("#/resources/", ""));

    expect(taken.length).toBeGreaterThan(0);
    expect(resources.map((one) => one.token)).toEqual(expect.arrayContaining(taken));
  });

  it("takes settings without what it says itself, and without losing any other", () => {
    const settings = Object.entries({ iommu: "HostIommuConfig", virtualization: "VirtualizationHost" });

    for (const [input, kind] of settings) {
      const [reference = ""] = listReferences(resource.inputProperties[input] ?? {});
      const type = schema.types[reference.replace("#/types/", "")];
      const members = type !== undefined && "properties" in type ? Object.keys(type.properties) : [];
      const inputs = Object.keys(schema.resources[`passthrough:index:${kind}`]?.inputProperties ?? {});
      expect(members).toEqual(inputs.filter((name) => name !== "host"));
    }
  });
});

describe("types", () => {
  it("describe every member", () => {
    expect(
      objects.flatMap(({ token, type }) => listUndescribed(type.properties).map((name) => `${token}.${name}`)),
    ).toEqual([]);
  });

  it("are all there where something refers to them", () => {
    const members = [
      ...all.flatMap(({ resource }) => [resource.properties, resource.inputProperties]),
      ...objects.map(({ type }) => type.properties),
      ...Object.values(schema.functions).flatMap(({ inputs, outputs }) => [inputs.properties, outputs.properties]),
    ];
    const used = members.flatMap((properties) => Object.values(properties).flatMap(listReferences));

    expect(new Set(used.filter((reference) => !reference.startsWith("#/resources/")))).toEqual(
      new Set([...Object.keys(schema.types).map((token) => `#/types/${token}`), "pulumi.json#/Any"]),
    );
  });

  it("mark as secret what says so of itself, and nothing else", () => {
    const members = objects.flatMap(({ token, type }) =>
      Object.entries(type.properties).map(([name, property]) => ({ name: `${token}.${name}`, property })),
    );
    const marked = members.filter(({ property }) => property.secret === true).map(({ name }) => name);

    expect(marked).toEqual(
      members.filter(({ property }) => property.description?.includes("Secret.") === true).map(({ name }) => name),
    );
    expect(marked).toHaveLength(4);
  });

  it("offer the rules that can be waived, each with its meaning", () => {
    const rules = schema.types["passthrough:index:SafetyRule"];

    expect(rules !== undefined && "enum" in rules ? rules.enum.map(({ value }) => value) : []).toEqual(WAIVABLE_RULES);
  });

  it("let a host have jump hosts, which are hosts", () => {
    const host = objects.find(({ token }) => token === "passthrough:index:Host");

    expect(listReferences(host?.type.properties["jumpHost"] ?? {})).toContain("#/types/passthrough:index:Host");
  });
});

describe("the derivation", () => {
  it.each<[string, z.ZodType, PropertySpec]>([
    ["a text", z.string().describe("d"), { type: "string", description: "d" }],
    ["a whole number with a default", z.int().default(3), { type: "integer", default: 3 }],
    ["any number", z.number().optional(), { type: "number" }],
    ["a list", z.array(z.boolean()).default([]), { type: "array", items: { type: "boolean" } }],
    ["what a transformation takes", z.string().transform(Number), { type: "string" }],
    [
      "a union in a union, once",
      z.union([z.string(), z.union([z.string(), z.int()])]),
      { oneOf: [{ type: "string" }, { type: "integer" }] },
    ],
    ["a resource", z.unknown().meta({ resource: "T" }), { $ref: "#/resources/passthrough:index:T" }],
    [
      "a map",
      z.record(z.string(), z.unknown()),
      { type: "object", additionalProperties: { $ref: "pulumi.json#/Any" } },
    ],
  ])("knows %s", (_what, zod, expected) => {
    expect(new TypeCollector(() => false).describeMembers("T", { p: zod }).properties["p"]).toEqual(expected);
  });

  it("asks for a name where an object has none", () => {
    const collector = new TypeCollector(() => false);

    expect(() => collector.describeMembers("T", { p: z.strictObject({}) })).toThrow("the type of T.p has no name yet");
  });

  it("refuses a kind of schema that it does not know", () => {
    const collector = new TypeCollector(() => false);

    expect(() => collector.describeMembers("T", { p: z.date() })).toThrow("T.p is of a kind");
  });
});

function listUndescribed(properties: Readonly<Record<string, PropertySpec>>): string[] {
  return Object.entries(properties).flatMap(([name, { description }]) => (description === undefined ? [name] : []));
}

function listReferences(spec: TypeSpec): string[] {
  return [
    ...(spec.$ref === undefined ? [] : [spec.$ref]),
    ...(spec.oneOf ?? []).flatMap(listReferences),
    ...(spec.items === undefined ? [] : listReferences(spec.items)),
    ...(spec.additionalProperties === undefined ? [] : listReferences(spec.additionalProperties)),
  ];
}
