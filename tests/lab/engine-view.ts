import type { EngineRun } from "../pulumi/workspace";

/** The property `plan` of a resource as a preview computed it. */
export function readPlan(run: EngineRun, name: string): unknown {
  const step = run.events
    .map((event) => event.resourcePreEvent?.metadata)
    .find((metadata) => metadata?.urn.endsWith(`::${name}`) === true);
  const inputs = step?.new?.inputs as Readonly<Record<string, unknown>> | undefined;
  return inputs?.["plan"];
}
