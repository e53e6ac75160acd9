import * as pulumi from "@pulumi/pulumi";

type Resources = readonly pulumi.Resource[];

/** What a host's program has made so far, each with an output that is known once it is done, where there is such a one. */
export type MemberResources = Map<pulumi.Resource, pulumi.Output<unknown> | undefined>;

/** A host of a wave, as far as its wave's end is concerned. */
export interface GateMember {
  readonly resources: MemberResources;
  /** Ends when the program does. */
  readonly done: Promise<unknown>;
}

/** What a wave waits for. */
export interface Gate {
  /** What its resources depend on. When too many hosts failed these are among it, and so Pulumi starts none of them. */
  readonly all: Promise<Resources>;
  /** What its components depend on: never a failure, since Pulumi fails on a component that it has to skip. */
  readonly passed: Promise<Resources>;
  /** How many hosts failed until then. */
  readonly failed: Promise<number>;
}

/** What the first wave waits for. */
export const OPEN_GATE: Gate = {
  all: Promise.resolve([]),
  passed: Promise.resolve([]),
  failed: Promise.resolve(0),
};

/**
 * What the wave after this one waits for: the hosts of this wave, without those that failed as long as these are few enough.
 * We only choose what depends on what; it is Pulumi that starts, orders and stops.
 */
export function waveGate(members: readonly GateMember[], before: Gate, maxFailures: number): Gate {
  const verdicts = Promise.all(members.map(judge));
  const passed = verdicts.then((list) => list.flatMap(({ resources, hasFailed }) => (hasFailed ? [] : resources)));
  const failed = Promise.all([before.failed, verdicts]).then(([sum, list]) => sum + count(list));
  const all = Promise.all([verdicts, passed, failed]).then(([list, good, sum]) =>
    sum > maxFailures ? list.flatMap(({ resources }) => resources) : good,
  );
  // A wave without anything leaves the order to the one before it.
  return {
    all: all.then((list) => orElse(list, before.all)),
    passed: passed.then((list) => orElse(list, before.passed)),
    failed,
  };
}

function orElse(list: Resources, other: Promise<Resources>): Resources | Promise<Resources> {
  return list.length > 0 ? list : other;
}

interface Verdict {
  readonly resources: Resources;
  readonly hasFailed: boolean;
}

function count(verdicts: readonly Verdict[]): number {
  return verdicts.filter(({ hasFailed }) => hasFailed).length;
}

/** Waits until all of a host's resources are done, those too that its program makes meanwhile. */
async function judge({ resources, done }: GateMember): Promise<Verdict> {
  await done;
  const results = new Map<pulumi.Resource, boolean>();
  for (let rest = [...resources]; rest.length > 0; rest = [...resources].filter(([one]) => !results.has(one))) {
    await Promise.all(rest.map(async ([one, proof]) => results.set(one, await hasSucceeded(one, proof))));
  }
  return { resources: [...results.keys()], hasFailed: [...results.values()].includes(false) };
}

/**
 * Whether a registration ended well. After a failure Pulumi's run is over, or with --continue-on-error the registration is
 * answered all the same, and what the failed resource lacks stays unknown: nothing is called with it. Of another package's
 * resource we have the identifier only, which one that is there already keeps when its update fails; it then counts as done,
 * and Pulumi, which knows better, starts nothing behind it.
 */
async function hasSucceeded(resource: pulumi.Resource, proof: pulumi.Output<unknown> | undefined): Promise<boolean> {
  const output = proof ?? (pulumi.CustomResource.isInstance(resource) ? resource.id : undefined);
  // In a preview nothing fails, and much is unknown.
  let isKnown = pulumi.runtime.isDryRun() || output === undefined;
  output?.apply(() => {
    isKnown = true;
  });
  await new Promise((resolve) => resource.urn.apply(resolve));
  // Whatever was decided together with the URN has been called when the queue of promises is empty.
  await new Promise((resolve) => setImmediate(resolve));
  return isKnown;
}
