import type { z } from "zod";
import type { HostConnection } from "../model/connection";
import type { HostFacts } from "../model/host-facts";
import type { CommonInputs, Definition, JsonObject, PlanResult, Problem } from "../resources/definition";
import { domainHostdev } from "../resources/domain-hostdev/definition";
import { DomainHostdevInputs } from "../resources/domain-hostdev/inputs";
import { hostIommuConfig } from "../resources/host-iommu-config/definition";
import { HostIommuConfigInputs } from "../resources/host-iommu-config/inputs";
import { pciGroupDetachment } from "../resources/pci-group-detachment/definition";
import { PciGroupDetachmentInputs } from "../resources/pci-group-detachment/inputs";
import { renderPlan } from "../resources/shown-plan";
import { sriovVirtualFunctions } from "../resources/sriov-virtual-functions/definition";
import { SriovVirtualFunctionsInputs } from "../resources/sriov-virtual-functions/inputs";

/** What Pulumi's preview would show of one resource. */
export interface ResourcePlan {
  readonly kind: "HostIommuConfig" | "SriovVirtualFunctions" | "PciGroupDetachment" | "DomainHostdev";
  /** What it is about: the device or the domain as it was named; empty for what is about the whole host. */
  readonly subject: string;
  /** `planned`; `refused`, with the problems; `later`, when another change has to come first. */
  readonly outcome: PlanResult["outcome"];
  /** Steps in words; empty when the host is as declared. */
  readonly steps: readonly string[];
  /** The output `plan`, as in Pulumi. */
  readonly plan: JsonObject;
  /** Outputs that are known beforehand. */
  readonly computed: JsonObject;
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
  /** Whether anything is written on the host, or it is rebooted. */
  readonly changesHost: boolean;
  /** Whether the host is rebooted. */
  readonly willReboot: boolean;
  /** Why the change cannot be made now; absent where it can, or where this run itself clears the way. */
  readonly waitsFor?: string;
}

/** Inputs without the host, which is the same for all. */
type Wished<Schema extends z.ZodType> = Omit<z.input<Schema>, "host">;
export type IommuWishes = Wished<typeof HostIommuConfigInputs>;
export type GroupWishes = Wished<typeof PciGroupDetachmentInputs>;
export type VirtualFunctionWishes = Wished<typeof SriovVirtualFunctionsInputs>;
export type HostdevWishes = Omit<Wished<typeof DomainHostdevInputs>, "devices"> & {
  readonly devices: readonly string[];
};

/** What is wished of a guest beside its devices. */
export type GuestWishes = Pick<HostdevWishes, "managed" | "multifunction" | "apply" | "running" | "restart">;

/** Plans a HostIommuConfig. */
export function planIommuConfig(host: HostConnection, facts: HostFacts, wishes: IommuWishes): ResourcePlan {
  return show(named("HostIommuConfig"), hostIommuConfig, HostIommuConfigInputs.parse({ host, ...wishes }), facts);
}

/** Plans a PciGroupDetachment. */
export function planGroup(host: HostConnection, facts: HostFacts, wishes: GroupWishes): ResourcePlan {
  const inputs = PciGroupDetachmentInputs.parse({ host, ...wishes });
  const { address, id = "" } = inputs.device;
  return show(named("PciGroupDetachment", address ?? id), pciGroupDetachment, inputs, facts);
}

/** Plans SriovVirtualFunctions. */
export function planVirtualFunctions(
  host: HostConnection,
  facts: HostFacts,
  wishes: VirtualFunctionWishes,
): ResourcePlan {
  const inputs = SriovVirtualFunctionsInputs.parse({ host, ...wishes });
  const { address, id = "" } = inputs.device;
  return show(named("SriovVirtualFunctions", address ?? id), sriovVirtualFunctions, inputs, facts);
}

/** Plans a DomainHostdev. */
export function planHostdev(host: HostConnection, facts: HostFacts, wishes: HostdevWishes): ResourcePlan {
  const inputs = DomainHostdevInputs.parse({ host, ...wishes });
  return show(named("DomainHostdev", wishes.domain), domainHostdev, inputs, facts);
}

/** What can be said of a DomainHostdev before the members of the group are known. */
export function planHostdevWithoutDevices(
  host: HostConnection,
  facts: HostFacts,
  wishes: Omit<HostdevWishes, "devices">,
): ResourcePlan {
  const problems = domainHostdev.precheck({ host, ...wishes }, facts, ["devices"]);
  const outcome = problems.length > 0 ? "refused" : "later";
  return { ...named("DomainHostdev", wishes.domain), outcome, plan: { waitsFor: ["devices"] }, problems };
}

/** A plan of which nothing is known yet. */
function named(kind: ResourcePlan["kind"], subject = ""): ResourcePlan {
  return {
    kind,
    subject,
    outcome: "later",
    problems: [],
    steps: [],
    plan: {},
    computed: {},
    warnings: [],
    changesHost: false,
    willReboot: false,
  };
}

function show<Inputs extends CommonInputs, State extends JsonObject>(
  empty: ResourcePlan,
  definition: Definition<Inputs, State>,
  inputs: Inputs,
  facts: HostFacts,
): ResourcePlan {
  const result = definition.plan(inputs, facts, undefined);
  switch (result.outcome) {
    case "refused":
      return { ...empty, outcome: "refused", problems: result.problems };
    case "later": {
      const { plan, warnings, reason } = result;
      return { ...empty, outcome: "later", plan, warnings, waitsFor: reason };
    }
    case "planned": {
      const { steps, computed, warnings, change, reboot } = result;
      return {
        ...empty,
        outcome: "planned",
        steps,
        plan: renderPlan(definition, inputs, facts, result),
        computed,
        warnings,
        changesHost: change !== undefined || reboot !== undefined,
        willReboot: reboot !== undefined,
      };
    }
  }
}

/** Whether the host is as declared, so that nothing is written. */
export function isQuiet({ outcome, steps, changesHost }: ResourcePlan): boolean {
  return outcome === "planned" && steps.length === 0 && !changesHost;
}

/** The same plan where another resource of the program brings what it has to wait for. */
export function withoutObstacle(plan: ResourcePlan): ResourcePlan {
  const { waitsFor, ...rest } = plan;
  return waitsFor === undefined ? plan : rest;
}

/** Addresses of the functions that a group's plan names. */
export function listMembers({ computed }: ResourcePlan): string[] {
  const { members } = computed;
  if (!Array.isArray(members)) return [];
  return members.flatMap((member: unknown) =>
    typeof member === "object" && member !== null && "address" in member && typeof member.address === "string"
      ? [member.address]
      : [],
  );
}
