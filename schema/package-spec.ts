/** A type as Pulumi's package schema writes it; one of its members is set, beside those that only describe. */
export interface TypeSpec {
  readonly type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  readonly $ref?: string;
  readonly items?: TypeSpec;
  readonly additionalProperties?: TypeSpec;
  readonly oneOf?: readonly TypeSpec[];
}

/** A property of a resource or of an object type. */
export interface PropertySpec extends TypeSpec {
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly secret?: true;
}

/** An object type. */
export interface ObjectTypeSpec {
  readonly type: "object";
  readonly description?: string;
  readonly properties: Readonly<Record<string, PropertySpec>>;
  readonly required: readonly string[];
}

/** A text that is one of a few. */
export interface EnumTypeSpec {
  readonly type: "string";
  readonly description?: string;
  readonly enum: readonly { readonly value: string; readonly description?: string }[];
}

/** A resource. */
export interface ResourceSpec {
  readonly description: string;
  /** Whether it only declares other resources. */
  readonly isComponent?: true;
  readonly properties: Readonly<Record<string, PropertySpec>>;
  readonly required: readonly string[];
  readonly inputProperties: Readonly<Record<string, PropertySpec>>;
  readonly requiredInputs: readonly string[];
  readonly aliases?: readonly { readonly type: string }[];
}

/** A function. */
export interface FunctionSpec {
  readonly description: string;
  readonly inputs: ObjectTypeSpec;
  readonly outputs: ObjectTypeSpec;
}

/** The part of Pulumi's package schema that this package uses. */
export interface PackageSpec {
  readonly name: string;
  readonly displayName: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly types: Readonly<Record<string, ObjectTypeSpec | EnumTypeSpec>>;
  readonly resources: Readonly<Record<string, ResourceSpec>>;
  readonly functions: Readonly<Record<string, FunctionSpec>>;
}

/** Token of a type or a resource of this package. */
export function tokenOf(name: string): string {
  return `passthrough:index:${name}`;
}
