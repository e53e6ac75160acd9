import * as pulumi from "@pulumi/pulumi";
import { HostConnection } from "../model/connection";
import { ConnectUri, SYSTEM_URI } from "../model/libvirt/connect-uri";
import type { HostSurvey } from "../model/survey/survey";
import { surveyReading } from "./host-hints";
import { whenDone } from "./dependencies";
import type { HostArgs } from "./resource";

/** What every function that reads a host is given. */
export interface HostFunctionArgs {
  /** The KVM host. */
  host: HostConnection;
  /** The libvirt whose domains are told, as a URI of the host's own. Default: `qemu:///system`. */
  connectUri?: string;
}

/** The same, with parts that may be outputs. */
export interface HostFunctionOutputArgs {
  /** The KVM host. */
  host: HostArgs;
  /** The libvirt whose domains are told, as a URI of the host's own. Default: `qemu:///system`. */
  connectUri?: pulumi.Input<string>;
}

/** A function of the package: its name, and what it makes of a survey. */
export interface HostFunction<Result> {
  readonly name: string;
  readonly answer: (survey: HostSurvey) => Result;
}

/**
 * Calls a function. Under Pulumi's mocks the mocks are asked (`passthrough:index:NAME`) and no host is touched; without
 * Pulumi around it, as in a script, the host is read all the same.
 */
export async function callFunction<Result extends object>(
  { name, answer }: HostFunction<Result>,
  args: HostFunctionArgs,
  opts: pulumi.InvokeOptions = {},
): Promise<Result> {
  if (isMocked()) return (await pulumi.runtime.invoke(tokenOf(name), { ...args }, opts)) as Result;
  return answer(await readSurvey(name, args, false));
}

/** Calls a function when its arguments, and all that it depends on, are there. */
export function callFunctionOutput<Result extends object>(
  { name, answer }: HostFunction<Result>,
  args: HostFunctionOutputArgs,
  opts: pulumi.InvokeOutputOptions = {},
): pulumi.Output<Result> {
  if (isMocked()) {
    return pulumi.runtime.invokeOutput<Result>(tokenOf(name), { ...args }, opts);
  }
  const wanted = pulumi.output(args) as pulumi.Output<HostFunctionArgs>;
  const done = opts.dependsOn === undefined ? pulumi.output(undefined) : whenDone(opts.dependsOn);
  return pulumi.all([wanted, done]).apply(async ([known]) => {
    // What was read when the program began is old by now, when something was waited for.
    const isLate = opts.dependsOn !== undefined || (await hasDependencies(wanted));
    return answer(await readSurvey(name, known, isLate));
  });
}

function tokenOf(name: string): string {
  return `passthrough:index:${name}`;
}

/** Mocks stand in for Pulumi's resource monitor, and there is no engine then. */
function isMocked(): boolean {
  return pulumi.runtime.getEngine() === undefined && pulumi.runtime.hasMonitor();
}

/** Resources that a value comes from; Pulumi's types do not tell of this member. */
async function hasDependencies(value: pulumi.Output<unknown>): Promise<boolean> {
  const { allResources } = value as { allResources?: () => Promise<ReadonlySet<unknown>> };
  return allResources === undefined || (await allResources.call(value)).size > 0;
}

async function readSurvey(name: string, args: HostFunctionArgs, isLate: boolean): Promise<HostSurvey> {
  const host = HostConnection.safeParse(args.host);
  if (!host.success) throw new Error(`${name}: ${explain("host", host.error.issues)}`);
  const uri = ConnectUri.safeParse(args.connectUri ?? SYSTEM_URI);
  if (!uri.success) throw new Error(`${name}: ${explain("connectUri", uri.error.issues)}`);
  const done = pulumi.runtime.rpcKeepAlive();
  try {
    return await surveyReading(host.data, uri.data, isLate);
  } finally {
    done();
  }
}

function explain(property: string, issues: readonly { path: readonly PropertyKey[]; message: string }[]): string {
  return issues.map(({ path, message }) => `${[property, ...path.map(String)].join(".")}: ${message}`).join("; ");
}
