import type { z } from "zod";
import { HostConnection, secretPaths } from "../model/connection";
import type { HostFacts } from "../model/host-facts";
import type { ReadingRequest } from "../model/reading";
import type { CommonInputs, Definition, JsonObject, Problem } from "../resources/definition";
import { areRelated, bare, formatPath, unknownPaths, withSecrets } from "./wire";

/** Version of the outputs' form; code that reads older ones looks at it. */
export const STATE_VERSION = 1;

/** Inputs that the program adds and no user writes. */
export const HIDDEN = { provider: "__provider", urn: "__urn", hint: "__facts", preview: "__preview" } as const;

/** Outputs that every resource has beside its own. */
const ENGINE_OUTPUTS = ["plan", "machineId", "stateVersion"] as const;

/** Inputs as the engine sent them, taken apart. */
export interface WireInputs {
  /** What the user declared, without envelopes. */
  readonly declared: Readonly<Record<string, unknown>>;
  readonly urn: string | undefined;
  readonly hint: unknown;
  readonly isPreview: boolean;
}

/** Takes inputs or outputs apart: hidden members, computed ones, and what the user declared. */
export function readWire(definition: Definition<never, never>, values: Readonly<Record<string, unknown>>): WireInputs {
  const names = inputNames(definition.schema);
  const declared = Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (isDeclared(definition, names, key) ? [[key, bare(value)]] : [])),
  );
  const urn = values[HIDDEN.urn];
  return {
    declared,
    urn: typeof urn === "string" ? urn : undefined,
    hint: values[HIDDEN.hint],
    isPreview: values[HIDDEN.preview] === true,
  };
}

/** A name that nobody knows is kept, so that the schema can say so. */
function isDeclared(definition: Definition<never, never>, names: readonly string[], key: string): boolean {
  if (names.includes(key)) return true;
  return (
    !key.startsWith("__") && !(ENGINE_OUTPUTS as readonly string[]).includes(key) && !definition.computed.includes(key)
  );
}

/** Names of a resource's inputs. */
export function inputNames(schema: z.ZodType): string[] {
  return "shape" in schema ? Object.keys(schema.shape as object) : [];
}

/** Only the declared inputs of stored outputs, which hold much else. */
export function pickInputs(
  definition: Definition<never, never>,
  outputs: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = inputNames(definition.schema);
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([key, value]) => (names.includes(key) ? [[key, bare(value)]] : [])),
  );
}

export type Parsed<Inputs> =
  | { readonly kind: "complete"; readonly inputs: Inputs }
  /** Some inputs are not known yet; what is known is without fault. */
  | { readonly kind: "partial" }
  | { readonly kind: "wrong"; readonly problems: readonly Problem[] };

/** Checks declared inputs; faults at, above and below an unknown value are not faults yet. */
export function parseInputs<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  declared: Readonly<Record<string, unknown>>,
): Parsed<Inputs> {
  const unknown = unknownPaths(declared);
  const result = definition.schema.safeParse(declared);
  if (result.success && unknown.length === 0) return { kind: "complete", inputs: result.data };
  const issues = result.success ? [] : result.error.issues;
  const problems = issues
    .filter((issue) => !unknown.some((path) => areRelated(path, toPath(issue.path))))
    .flatMap((issue) => describeIssue(issue, inputNames(definition.schema)));
  return problems.length > 0 ? { kind: "wrong", problems } : { kind: "partial" };
}

/** What is wrong with an input; for a name that is none, what the names are. */
function describeIssue(issue: z.core.$ZodIssue, names: readonly string[]): Problem[] {
  const path = toPath(issue.path);
  if (issue.code !== "unrecognized_keys") return [{ property: formatPath(path), reason: issue.message }];
  const known = path.length === 0 ? `; the inputs are ${[...names].sort().join(", ")}` : "";
  return issue.keys.map((key) => ({ property: formatPath([...path, key]), reason: `there is no such input${known}` }));
}

function toPath(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((part) => (typeof part === "symbol" ? String(part) : part));
}

/** What names a resource, the same for every name of its host. */
export function identityOf<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  inputs: Inputs,
  facts: HostFacts,
): string {
  return `${facts.identity.machineId}/${definition.identify(inputs, facts)}`;
}

/** A host, and what is asked of it. */
export interface Place {
  readonly host: HostConnection;
  readonly request: ReadingRequest;
}

/** Which host a resource is about, and what it asks of a reading. */
export function placeOf<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  inputs: Inputs,
): Place {
  return { host: inputs.host, request: definition.reading?.(inputs) ?? requestOf(inputs.connectUri) };
}

/** The same for inputs that are not complete yet, when that is known. */
export function knownPlace(declared: Readonly<Record<string, unknown>>): Place | undefined {
  const { host, connectUri } = declared;
  if (unknownPaths([host, connectUri]).length > 0) return undefined;
  const parsed = HostConnection.safeParse(host);
  if (!parsed.success) return undefined;
  return { host: parsed.data, request: requestOf(typeof connectUri === "string" ? connectUri : undefined) };
}

function requestOf(connectUri: string | undefined): ReadingRequest {
  return connectUri === undefined ? {} : { connectUri };
}

/** Inputs for the wire: what is secret is in envelopes, every time, or Pulumi would store it in clear. */
export function protectSecrets(
  definition: Pick<Definition<never, never>, "secrets">,
  inputs: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const parsed = HostConnection.safeParse(inputs["host"]);
  const paths = parsed.success ? secretPaths(parsed.data).map((path) => ["host", ...path]) : [];
  const names = definition.secrets?.(inputs) ?? [];
  return withSecrets(inputs, [...paths, ...names.map((name) => [name])]) as Record<string, unknown>;
}
