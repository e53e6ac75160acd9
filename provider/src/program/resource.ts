import * as pulumi from "@pulumi/pulumi";
import { secretPaths, HostConnection } from "../model/connection";
import type { ReadingRequest } from "../model/reading";
import { hostHint, libvirtRequest } from "./host-hints";
import { enterWave, joinWave } from "./wave-membership";

/** A value of which any part may be an output. */
type DeepInput<T> = pulumi.Input<T extends object ? { [Key in keyof T]: DeepInput<T[Key]> } : T>;

/**
 * Connection settings as a program writes them: any part may be an output, and passwords, keys and passphrases become
 * secrets by themselves.
 */
export type HostArgs = DeepInput<HostConnection>;

/** What a resource class hands over to its base. */
export interface ResourceRegistration {
  readonly kind: string;
  readonly name: string;
  readonly args: { readonly host: HostArgs; readonly connectUri?: pulumi.Input<string> };
  /** What a reading must tell for it; default: the usual, of the libvirt at `connectUri`. */
  readonly reading?: pulumi.Input<ReadingRequest | undefined>;
  /** Names of the outputs, which Pulumi resolves only when they are there from the start. */
  readonly outputs: readonly string[];
  readonly opts: pulumi.CustomResourceOptions | undefined;
}

/** Base of the resources: a dynamic resource whose provider is a constant text, so that no code is stored in any state. */
export abstract class PassthroughResource extends pulumi.CustomResource {
  /** Version of the form in which the outputs are stored; unknown while the resource is unfinished. */
  declare readonly stateVersion: pulumi.Output<number>;

  protected constructor({ kind, name, args, reading, outputs, opts: own }: ResourceRegistration) {
    const opts = joinWave(own);
    const host = pulumi.output(args.host).apply((value) => protectHost(value)) as pulumi.Output<HostConnection>;
    const request = reading ?? libvirtRequest(args.connectUri);
    const hint = opts.urn === undefined ? hostHint(host, request) : undefined;
    super(
      `pulumi-nodejs:dynamic/passthrough:${kind}`,
      name,
      {
        ...Object.fromEntries([...outputs, "plan", "machineId", "stateVersion"].map((output) => [output, undefined])),
        ...args,
        host,
        __provider: providerText(kind),
        __urn: computeUrn(kind, name, opts),
        __preview: pulumi.runtime.isDryRun(),
        ...(hint !== undefined && { __facts: hint }),
      },
      opts,
    );
    enterWave(this, this.stateVersion);
  }
}

/** The text that every state stores; the module it names is frozen for ever. */
export function providerText(kind: string): string {
  return `exports.handler = () => require("pulumi-passthrough/dynamic-runtime").provider("${kind}");`;
}

/** Marks the secret parts of a connection, so that Pulumi encrypts them although the user wrote them plainly. */
function protectHost(value: HostConnection): pulumi.Input<HostConnection> {
  const parsed = HostConnection.safeParse(value);
  if (!parsed.success || typeof value === "string" || secretPaths(parsed.data).length === 0) return value;
  return pulumi.secret(value);
}

/**
 * The resource's own URN, for log lines on its row. It is passed as a promise without dependencies: an output would depend
 * on the parent component, which waits for its children, this resource among them.
 */
function computeUrn(kind: string, name: string, opts: pulumi.CustomResourceOptions | undefined): Promise<string> {
  const urn = pulumi.createUrn(name, `pulumi-nodejs:dynamic/passthrough:${kind}`, opts?.parent);
  return new Promise((resolve) => {
    urn.apply((value) => {
      resolve(value);
    });
  });
}
