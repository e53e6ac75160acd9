import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { definitions, type Kind } from "../provider/src/engine/registry";
import { secretPaths } from "../provider/src/model/connection";
import { HostFunctionInputs, HostSurveySchema, IommuGroupsSchema } from "../provider/src/model/survey/survey-schema";
import { CommonOutputs } from "../provider/src/resources/common-outputs";
import { DomainHostdevOutputs } from "../provider/src/resources/domain-hostdev/outputs";
import { HostIommuConfigOutputs } from "../provider/src/resources/host-iommu-config/outputs";
import { PciGroupDetachmentOutputs } from "../provider/src/resources/pci-group-detachment/outputs";
import { SriovVirtualFunctionsOutputs } from "../provider/src/resources/sriov-virtual-functions/outputs";
import { VirtualizationHostOutputs } from "../provider/src/resources/virtualization-host/outputs";
import { COMPONENTS, type Component } from "./components";
import { tokenOf, type FunctionSpec, type PackageSpec, type ResourceSpec } from "./package-spec";
import { TypeCollector } from "./type-collector";

const REPOSITORY = join(__dirname, "..");

/** Outputs of each kind of resource. */
export const OUTPUTS: Readonly<Record<Kind, z.ZodObject>> = {
  VirtualizationHost: VirtualizationHostOutputs,
  HostIommuConfig: HostIommuConfigOutputs,
  PciGroupDetachment: PciGroupDetachmentOutputs,
  DomainHostdev: DomainHostdevOutputs,
  SriovVirtualFunctions: SriovVirtualFunctionsOutputs,
};

/** Functions, and what they answer. */
const FUNCTIONS = {
  getHost: {
    description: "Reads what a host is and what it could give to guests. It changes nothing.",
    answer: HostSurveySchema,
  },
  getIommuGroups: {
    description: "Reads the IOMMU groups of a host, and of each whether it can go to a guest. It changes nothing.",
    answer: IommuGroupsSchema,
  },
} as const;

/** Folder of a resource, whose page describes it. */
export function folderOf(kind: string): string {
  const folder = kind.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
  return join("provider/src/resources", folder);
}

/** Derives Pulumi's package schema from the schemas that check inputs and describe outputs. */
export function derivePackageSchema(): PackageSpec {
  const { version, description, license, keywords } = readPackage();
  const secrets = listSecrets();
  const collector = new TypeCollector((path) => secrets.has(path));
  const resources = Object.keys(definitions).map((kind): [string, ResourceSpec] => [
    tokenOf(kind),
    describeResource(kind as Kind, collector),
  ]);
  // Behind the resources, because their types are named there.
  const components = Object.entries(COMPONENTS).map(([name, component]): [string, ResourceSpec] => [
    tokenOf(name),
    describeComponent(name, component, collector),
  ]);
  const functions = Object.keys(FUNCTIONS).map((name): [string, FunctionSpec] => [
    tokenOf(name),
    describeFunction(name, collector),
  ]);
  return {
    name: "passthrough",
    displayName: "PCI passthrough",
    version,
    description,
    keywords,
    license,
    types: sortByName(collector.types),
    resources: sortByName(Object.fromEntries([...resources, ...components])),
    functions: sortByName(Object.fromEntries(functions)),
  };
}

/** The text of schema.json. */
export function renderPackageSchema(): string {
  return `${JSON.stringify(derivePackageSchema(), undefined, 2)}\n`;
}

function describeResource(kind: Kind, collector: TypeCollector): ResourceSpec {
  const { schema } = definitions[kind];
  const inputs = collector.describeMembers(kind, (schema as unknown as z.ZodObject).shape);
  const outputs = collector.describeMembers(kind, { ...OUTPUTS[kind].shape, ...CommonOutputs.shape });
  const hasDefault = Object.entries(inputs.properties).filter(([, property]) => property.default !== undefined);
  return {
    description: readDescription(join(folderOf(kind), "README.md")),
    properties: { ...inputs.properties, ...outputs.properties },
    required: [...inputs.required, ...hasDefault.map(([name]) => name), ...outputs.required],
    inputProperties: inputs.properties,
    requiredInputs: inputs.required,
    aliases: [{ type: `pulumi-nodejs:dynamic/passthrough:${kind}` }],
  };
}

function describeFunction(name: string, collector: TypeCollector): FunctionSpec {
  const { description, answer } = FUNCTIONS[name as keyof typeof FUNCTIONS];
  const inputs = collector.describeMembers(name, HostFunctionInputs.shape);
  const outputs = collector.describeMembers(name, answer.shape);
  return {
    description,
    inputs: { type: "object", ...inputs },
    outputs: { type: "object", ...outputs },
  };
}

/** Only what a component registers is an output of it. */
function describeComponent(name: string, component: Component, collector: TypeCollector): ResourceSpec {
  const inputs = collector.describeMembers(name, component.inputs.shape);
  const outputs = collector.describeMembers(name, component.outputs.shape);
  return {
    description: readDescription(component.page),
    isComponent: true,
    properties: outputs.properties,
    required: outputs.required,
    inputProperties: inputs.properties,
    requiredInputs: inputs.required,
  };
}

/** The first paragraph of a page. */
function readDescription(path: string): string {
  const page = readFileSync(join(REPOSITORY, path), "utf8");
  const [, paragraph = ""] = page.split("\n\n");
  return paragraph.replaceAll("\n", " ");
}

/** `Type.property` of all that is secret, asked of the code that encrypts it. */
function listSecrets(): ReadonlySet<string> {
  const full = { address: "a", password: "p", privateKey: "k", passphrase: "p", sudo: { password: "p" } };
  return new Set(
    secretPaths(full).map((path) => (path.length === 1 ? ["Host", ...path] : ["Sudo", ...path.slice(1)]).join(".")),
  );
}

function readPackage(): Pick<PackageSpec, "version" | "description" | "license" | "keywords"> {
  const text = readFileSync(join(REPOSITORY, "package.json"), "utf8");
  return JSON.parse(text) as Pick<PackageSpec, "version" | "description" | "license" | "keywords">;
}

function sortByName<T>(members: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
}
