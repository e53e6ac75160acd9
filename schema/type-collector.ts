import { z } from "zod";
import { SAFETY_RULES, SafetyRule } from "../provider/src/model/pci/safety-rules";
import { tokenOf, type EnumTypeSpec, type ObjectTypeSpec, type PropertySpec, type TypeSpec } from "./package-spec";
import { nameOfType } from "./type-names";

/** The members of an object, and which of them have to be given. */
export interface Members {
  readonly properties: Record<string, PropertySpec>;
  readonly required: string[];
}

/** Turns zod schemas into types of Pulumi's package schema, and collects those that have names. */
export class TypeCollector {
  readonly types: Record<string, ObjectTypeSpec | EnumTypeSpec> = {};
  private readonly names = new Map<z.core.$ZodType, string>();
  private readonly isSecret: (path: string) => boolean;

  /** `isSecret` is asked about `Type.property`. */
  constructor(isSecret: (path: string) => boolean) {
    this.isSecret = isSecret;
  }

  /** The members of an object schema; `owner` is the resource or type that they belong to. */
  describeMembers(owner: string, shape: Readonly<Record<string, z.core.$ZodType>>): Members {
    const entries = Object.entries(shape);
    return {
      properties: Object.fromEntries(
        entries.map(([name, schema]) => [name, this.describeProperty(`${owner}.${name}`, schema)]),
      ),
      required: entries.filter(([, schema]) => !isWrapper(schema)).map(([name]) => name),
    };
  }

  private describeProperty(path: string, schema: z.core.$ZodType): PropertySpec {
    const description = findDescription(schema);
    const fallback = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
    return {
      ...this.describeType(path, schema),
      ...(description !== undefined && { description }),
      ...(isScalar(fallback) && { default: fallback }),
      ...(this.isSecret(path) && { secret: true as const }),
    };
  }

  private describeType(path: string, schema: z.core.$ZodType): TypeSpec {
    if (isWrapper(schema)) return this.describeType(path, schema.unwrap());
    // What a transformation takes is its input; one that takes anything only words the errors of what follows it.
    if (schema instanceof z.ZodPipe)
      return this.describeType(path, schema.in instanceof z.ZodTransform ? schema.out : schema.in);
    if (schema instanceof z.ZodUnion) return this.describeUnion(path, schema.options);
    if (schema instanceof z.ZodArray) return { type: "array", items: this.describeType(path, schema.element) };
    if (schema instanceof z.ZodRecord)
      return { type: "object", additionalProperties: this.describeType(path, schema.valueType) };
    if (schema instanceof z.ZodObject || schema instanceof z.ZodEnum) return this.refer(path, schema);
    return describeScalar(path, schema);
  }

  /** Unions within unions are one union, and equal members are one member. */
  private describeUnion(path: string, options: readonly z.core.$ZodType[]): TypeSpec {
    const members = options.map((option) => this.describeType(path, option)).flatMap((type) => type.oneOf ?? [type]);
    const distinct = [...new Map(members.map((member) => [JSON.stringify(member), member])).values()];
    const [only] = distinct;
    return distinct.length === 1 && only !== undefined ? only : { oneOf: distinct };
  }

  private refer(path: string, schema: z.ZodObject | z.ZodEnum): TypeSpec {
    const known = this.names.get(schema);
    if (known !== undefined) return { $ref: `#/types/${tokenOf(known)}` };
    const name = nameOfType(path);
    if (tokenOf(name) in this.types) throw new Error(`two types of the schema have the name ${name}`);
    // The name is known before its members are described: a host has jump hosts, which are hosts.
    this.names.set(schema, name);
    const description = z.globalRegistry.get(schema)?.description;
    const described = description === undefined ? {} : { description };
    this.types[tokenOf(name)] =
      schema instanceof z.ZodEnum
        ? { type: "string", ...described, enum: schema.options.map((value) => describeChoice(schema, String(value))) }
        : { type: "object", ...described, ...this.describeMembers(name, schema.shape) };
    return { $ref: `#/types/${tokenOf(name)}` };
  }
}

function describeScalar(path: string, schema: z.core.$ZodType): TypeSpec {
  if (schema instanceof z.ZodString) return { type: "string" };
  if (schema instanceof z.ZodNumber) return { type: schema.format === "safeint" ? "integer" : "number" };
  if (schema instanceof z.ZodBoolean) return { type: "boolean" };
  if (schema instanceof z.ZodLiteral && schema.values.has(false)) return { type: "boolean" };
  if (schema instanceof z.ZodUnknown) return describeUnknown(schema);
  throw new Error(`${path} is of a kind that the schema's generator does not know: ${schema._zod.def.type}`);
}

/** A value of any kind; with `resource` in its description, a resource of that kind. */
function describeUnknown(schema: z.ZodUnknown): TypeSpec {
  const kind = z.globalRegistry.get(schema)?.["resource"];
  return { $ref: typeof kind === "string" ? `#/resources/${tokenOf(kind)}` : "pulumi.json#/Any" };
}

function describeChoice(schema: z.ZodEnum, value: string): EnumTypeSpec["enum"][number] {
  const isRule = Object.is(schema, SafetyRule) && Object.hasOwn(SAFETY_RULES, value);
  return isRule ? { value, description: `Waives: ${SAFETY_RULES[value as SafetyRule].refuses}.` } : { value };
}

/** Whether a member may be left out; what it wraps says the rest. */
function isWrapper(schema: z.core.$ZodType): schema is z.ZodOptional | z.ZodDefault | z.ZodPrefault {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
}

/** The outermost description is the property's own. */
function findDescription(schema: z.core.$ZodType): string | undefined {
  const own = z.globalRegistry.get(schema)?.description;
  return own ?? (isWrapper(schema) ? findDescription(schema.unwrap()) : undefined);
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
