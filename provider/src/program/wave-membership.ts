import { AsyncLocalStorage } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import type { Gate, MemberResources } from "./wave-gate";

/** What belongs to one host of a rollout. */
export interface WaveMember {
  /** Parent of the resources whose program names none. */
  readonly parent: pulumi.Resource;
  /** What must be done before anything of this host begins. */
  readonly gate: Gate;
  readonly resources: MemberResources;
}

/**
 * The host whose program runs. It follows the program through promises and `apply`, so a resource is told apart by where
 * it is made and not by what its author remembered to pass.
 */
const current = new AsyncLocalStorage<WaveMember>();

/** Options that have been through `joinWave`. */
const joined = new WeakSet<pulumi.ResourceOptions>();

/** Stacks that our transformation is registered with. */
const prepared = new WeakSet<pulumi.Resource>();

/** Runs the program of a host; all that it makes belongs to the host's wave. */
export function runAsMember<T>(member: WaveMember, program: () => T): T {
  catchOtherResources();
  return current.run(member, program);
}

/** The host whose program runs now. */
export function currentMember(): WaveMember | undefined {
  return current.getStore();
}

/** Options with which a resource that is made now is part of its host's wave. */
export function joinWave(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
  const member = current.getStore();
  if (member === undefined || opts.urn !== undefined) return opts;
  const all = { ...opts, ...placeOf(member, opts), dependsOn: after(member.gate.all, opts.dependsOn) };
  joined.add(all);
  return all;
}

/** Options with which a component of ours stands below its host; what it waits for is added as for any other component. */
export function placeInWave(opts: pulumi.ComponentResourceOptions = {}): pulumi.ComponentResourceOptions {
  const member = current.getStore();
  return member === undefined || opts.urn !== undefined ? opts : { ...opts, ...placeOf(member, opts) };
}

/** A resource that stood at the top before its program became a rollout is the same one. */
function placeOf(
  member: WaveMember,
  { parent = member.parent, aliases = [] }: pulumi.ResourceOptions,
): Pick<pulumi.ResourceOptions, "parent" | "aliases"> {
  const former = parent === member.parent ? [{ parent: pulumi.rootStackResource }] : [];
  return { parent, aliases: [...aliases, ...former] };
}

/** Notes a resource as one that the next wave waits for; `proof` is an output that is known once it is done. */
export function enterWave(resource: pulumi.Resource, proof: pulumi.Output<unknown>): void {
  current.getStore()?.resources.set(resource, proof);
}

/** Pulumi takes lists within lists and promises of them, which its type does not say. */
function after(before: Gate["all"], own: pulumi.ResourceOptions["dependsOn"]): pulumi.Input<pulumi.Resource>[] {
  const all = own === undefined ? [before] : [before, own];
  return all as unknown as pulumi.Input<pulumi.Resource>[];
}

/** Resources of other packages know nothing of us. A transformation may not give them a parent, but it can let them wait. */
function catchOtherResources(): void {
  const stack = pulumi.runtime.getStackResource();
  if (stack === undefined || prepared.has(stack)) return;
  prepared.add(stack);
  pulumi.runtime.registerStackTransformation(({ resource, props, opts }) => {
    const member = current.getStore();
    if (member === undefined || opts.urn !== undefined) return undefined;
    member.resources.set(resource, undefined);
    if (joined.has(opts)) return undefined;
    const { all, passed } = member.gate;
    const before = resource instanceof pulumi.ComponentResource ? passed : all;
    return { props, opts: { ...opts, dependsOn: after(before, opts.dependsOn) } };
  });
}
