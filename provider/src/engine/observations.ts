import type { HostFacts } from "../model/host-facts";
import type { PlanResult } from "../resources/definition";

/** What a resource's last reading in this process said. */
export interface Observation {
  readonly facts: HostFacts;
  readonly result: PlanResult;
}

/**
 * The newest reading of each resource in this run. `diff` is handed stored values only; a plan among them may be from an
 * earlier run, so it looks here first.
 */
export class Observations {
  private readonly byUrn = new Map<string, Observation>();
  private readonly owners = new Map<string, string>();

  /** Remembers a reading; a resource without a URN, as in an older state, is not remembered. */
  remember(urn: string | undefined, facts: HostFacts, result: PlanResult): void {
    if (urn !== undefined) this.byUrn.set(urn, { facts, result });
  }

  /** Notes which resource of the program stands for a thing on a host; returns the one that already does. */
  claim(urn: string | undefined, thing: string): string | undefined {
    const owner = this.owners.get(thing);
    if (owner !== undefined && owner !== urn) return owner;
    if (urn !== undefined) this.owners.set(thing, urn);
    return undefined;
  }

  /** The newest reading of a resource. */
  find(urn: string | undefined): Observation | undefined {
    return urn === undefined ? undefined : this.byUrn.get(urn);
  }
}
