import * as pulumi from "@pulumi/pulumi";
import { describeHost } from "../model/connection";
import { OPEN_GATE, waveGate } from "./wave-gate";
import { currentMember, runAsMember, type WaveMember } from "./wave-membership";

/** A host of a rollout: its name in ssh, its connection, or an entry of one's own list that has a name. */
export type RolloutHost =
  string | { readonly name: string } | { readonly address: string; readonly port?: number; readonly user?: string };

/** How many hosts are worked on at a time, and how many may fail. */
export interface RolloutOptions {
  /** Most hosts in a wave: no more than these reboot at once. */
  readonly batchSize: number;
  /**
   * Failed hosts that the rollout survives; with one more, the waves behind are not started. Above 0 it takes
   * `pulumi up --continue-on-error`: without that, Pulumi itself ends at the first failure. Default: 0.
   */
  readonly maxFailures?: number;
  /** Name of the rollout, for a program with several. Default: `rollout`. */
  readonly name?: string;
}

/** Options that put a resource under its host; it is there too when they are forgotten. */
export interface HostOptions {
  readonly parent: pulumi.ComponentResource;
}

class Rollout extends pulumi.ComponentResource {
  constructor(name: string) {
    super("passthrough:rollout:Rollout", name);
  }
}

class Wave extends pulumi.ComponentResource {
  constructor(name: string, opts: pulumi.ComponentResourceOptions) {
    super("passthrough:rollout:Wave", name, {}, opts);
  }
}

class Host extends pulumi.ComponentResource {
  constructor(name: string, opts: pulumi.ComponentResourceOptions) {
    super("passthrough:rollout:Host", name, {}, opts);
  }
}

/**
 * Runs a program for each host, in waves of at most `batchSize` hosts: a wave begins when all that the wave before it
 * declares is done. The order is Pulumi's own, by `dependsOn`, so previews show all waves and `destroy` goes backwards.
 * Returns what the programs return, in the order of the hosts.
 */
export function rollout<H extends RolloutHost, R>(
  hosts: readonly H[],
  options: RolloutOptions,
  program: (host: H, opts: HostOptions, index: number) => R,
): R[] {
  const { batchSize, maxFailures = 0, name = "rollout" } = options;
  const names = hosts.map(nameOf);
  checkOptions(options, names);
  const root = new Rollout(name);
  const results: R[] = [];
  let gate = OPEN_GATE;
  for (let first = 0; first < hosts.length; first += batchSize) {
    const wave = new Wave(`${name}-wave-${first / batchSize + 1}`, { parent: root, dependsOn: allOf(gate.passed) });
    const members = hosts.slice(first, first + batchSize).map((host, offset) => {
      const index = first + offset;
      const parent = new Host(names[index] ?? "", { parent: wave });
      const member: WaveMember = { parent, gate, resources: new Map() };
      const result = runAsMember(member, () => program(host, { parent }, index));
      results.push(result);
      return { resources: member.resources, done: Promise.resolve(result) };
    });
    gate = waveGate(members, gate, maxFailures);
  }
  return results;
}

/** Pulumi takes a promise of a list, which its type does not say. */
function allOf(resources: Promise<readonly pulumi.Resource[]>): pulumi.Input<pulumi.Input<pulumi.Resource>[]> {
  return resources as Promise<pulumi.Resource[]>;
}

/** Host and rollout names are parts of URNs, so they have to be known from the start. */
function nameOf(host: RolloutHost): string {
  if (typeof host === "string") return host;
  const name: unknown = "name" in host ? host.name : host.address;
  if (typeof name !== "string" || name === "") {
    throw new Error("rollout: a host has no name that is known yet; give it a member `name` that is a plain text");
  }
  return "name" in host ? name : describeHost({ ...host });
}

function checkOptions({ batchSize, maxFailures = 0 }: RolloutOptions, names: readonly string[]): void {
  if (currentMember() !== undefined) {
    throw new Error("rollout: this is inside the program of another rollout's host; put the two one after the other");
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new Error(
      `rollout: batchSize is ${batchSize}; expected a whole number from 1, the hosts that may reboot at once`,
    );
  }
  if (!Number.isInteger(maxFailures) || maxFailures < 0) {
    throw new Error(`rollout: maxFailures is ${maxFailures}; expected a whole number from 0, the hosts that may fail`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(`rollout: the host ${JSON.stringify(twice)} stands in the list twice; a host is in one wave only`);
  }
}
