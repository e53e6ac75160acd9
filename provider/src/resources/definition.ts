import type { z } from "zod";
import type { Change } from "../model/change";
import type { HostConnection } from "../model/connection";
import type { HostFacts } from "../model/host-facts";
import type { ReadingRequest } from "../model/reading";
import type { RebootConditions } from "../model/reboot/conditions";

/** A value of Pulumi's wire: what JSON has. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** Something that the user has to change, at the property where it is written. */
export interface Problem {
  readonly property: string;
  readonly reason: string;
}

/** A reboot that a plan contains. */
export interface PlannedReboot {
  readonly timeoutSeconds: number;
  /** After the reboot comes a change that rests on what the host then shows: the plan is made anew and carried out. */
  readonly isTrial?: boolean;
  /** What the reboot may disturb. Default: nothing. */
  readonly conditions?: RebootConditions;
}

/** What is to be done. `plan` and `computed` are shown in the preview, so they hold no times and no boot ids. */
export interface Planned {
  readonly outcome: "planned";
  /** Steps in words, in order; empty when the host is as declared. */
  readonly steps: readonly string[];
  /** Further members of the output `plan`. */
  readonly plan: JsonObject;
  /** Outputs that are known before anything is done. */
  readonly computed: JsonObject;
  readonly warnings: readonly string[];
  readonly change?: Change;
  readonly reboot?: PlannedReboot;
  /** Why an earlier attempt has to be made again, such as a trial boot that the host took back. */
  readonly failedAttempt?: string;
}

/** The user has to change something first. */
export interface Refused {
  readonly outcome: "refused";
  readonly problems: readonly Problem[];
}

/** What is to be done shows only after another change, such as the reboot that switches the IOMMU on. */
export interface Later {
  readonly outcome: "later";
  /** Why, for the error when the change is due and still not possible. */
  readonly reason: string;
  /** What the output `plan` says until then. */
  readonly plan: JsonObject;
  readonly warnings: readonly string[];
}

export type PlanResult = Planned | Refused | Later;

/** Inputs that every resource has. */
export interface CommonInputs {
  readonly host: HostConnection;
  /** The libvirt on the host that the resource speaks to; most speak to the system's. */
  readonly connectUri?: string;
}

/** What a finished change is known by. */
export interface Applied<Inputs, State> {
  readonly inputs: Inputs;
  readonly before: HostFacts;
  readonly facts: HostFacts;
  readonly prior: Partial<State> | undefined;
  /** libvirt's XML of node devices that the change showed, by PCI address. */
  readonly nodes: ReadonlyMap<string, string>;
  /** What guests said of their devices in the change, by the domain's UUID. */
  readonly guests: ReadonlyMap<string, string>;
}

/** What is left of a resource on its host. */
export type Observed<State> =
  { readonly kind: "present"; readonly state: State } | { readonly kind: "gone"; readonly proof: string };

/** One kind of resource: pure decisions over facts. The engine does the reading, the writing and Pulumi's protocol. */
export interface Definition<Inputs extends CommonInputs, State extends JsonObject> {
  readonly kind: string;
  readonly schema: z.ZodType<Inputs>;
  /** Names of the outputs that `plan` computes beside `plan` itself; one that it leaves out is unknown in the preview. */
  readonly computed: readonly string[];
  /** What a reading must tell for this resource; default: the usual, of the libvirt at `connectUri`. */
  reading?(inputs: Inputs): ReadingRequest;
  /** Longest time that the change of this resource may take on the host. */
  changeTimeoutSeconds(inputs: Inputs): number;
  /** Problems that show although some inputs, those it waits for, are not known yet. */
  precheck(
    inputs: Readonly<Record<string, unknown>>,
    facts: HostFacts,
    waitsFor: readonly string[],
  ): readonly Problem[];
  /** `prior` is what is stored: all outputs, or in a preview the inputs of the last run, which hold what it computed. */
  plan(inputs: Inputs, facts: HostFacts, prior: Partial<State> | undefined): PlanResult;
  /** The part of the host that the plan rests on; when it changes between preview and update, the plan is stale. */
  basis(inputs: Inputs, facts: HostFacts): Json;
  /** Outputs after a change, from what was read back. */
  state(applied: Applied<Inputs, State>): State;
  /** Outputs as the host is now. */
  observe(inputs: Inputs, state: State, facts: HostFacts): Observed<State>;
  planRemoval(inputs: Inputs, state: State, facts: HostFacts): PlanResult;
  /** What a finished change was to show and did not, although the host is as planned. Default: nothing. */
  shortfall?(applied: Applied<Inputs, State>): string | undefined;
  /** Names of inputs that are secret beside those of the connection. Default: none. */
  secrets?(inputs: Readonly<Record<string, unknown>>): readonly string[];
  /** What names the resource on its host, behind the machine id. */
  identify(inputs: Inputs, facts: HostFacts): string;
  /** Inputs whose change needs another resource instead of an update. */
  replaces(inputs: Inputs, prior: Inputs): readonly string[];
}
