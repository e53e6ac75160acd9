import * as pulumi from "@pulumi/pulumi";
import { mayHoldPassword } from "../model/libvirt/definition";
import type { JsonObject } from "../resources/definition";
import type { GroupMember } from "./pci-group-detachment";
import { PassthroughResource, type HostArgs } from "./resource";

/** The option ROM of a device, as the guest sees it. */
export interface DeviceRomArgs {
  /** Whether the guest sees an option ROM at all. */
  enabled?: pulumi.Input<boolean>;
  /** Whether the ROM shows in the guest's memory. */
  bar?: pulumi.Input<boolean>;
  /** Absolute path of a file on the host that the guest gets instead of the device's own ROM. */
  file?: pulumi.Input<string>;
}

/** A device with options of its own; what is left out is left to libvirt. */
export interface DeviceReferenceArgs {
  /** Address of the function on the host. */
  address: pulumi.Input<string>;
  /** As `managed` of the resource, for this device alone. */
  managed?: pulumi.Input<boolean>;
  rom?: pulumi.Input<DeviceRomArgs>;
  /** Place of the device among those that the guest tries to boot from, from 1. */
  bootOrder?: pulumi.Input<number>;
  /** Driver of the host that serves the device to the guest, from libvirt 10.0 on. */
  driverModel?: pulumi.Input<string>;
  /** Where the guest sees the device, such as `0000:05:00.0`. */
  guestAddress?: pulumi.Input<string>;
  /** Number by which systems name network interfaces. */
  acpiIndex?: pulumi.Input<number>;
}

/** Inputs of a DomainHostdev. */
export interface DomainHostdevArgs {
  /** The KVM host. */
  host: HostArgs;
  /** The libvirt domain, by name or UUID. It must exist, unless there is a `definition`. */
  domain: pulumi.Input<string>;
  /**
   * PCI functions of the host that the domain gets: addresses, the members of a PciGroupDetachment, or either with options
   * of their own.
   */
  devices: pulumi.Input<pulumi.Input<string | GroupMember | DeviceReferenceArgs>[]>;
  /** Whether libvirt takes the devices when the domain starts and gives them back when it stops. Default: true. */
  managed?: pulumi.Input<boolean>;
  /**
   * The libvirt that has the domain, as a URI of the host's own, such as `qemu:///session`. Default: `qemu:///system`.
   */
  connectUri?: pulumi.Input<string>;
  /**
   * Whether the functions of one card on the host are functions of one slot in the guest, as some drivers want. Default:
   * false.
   */
  multifunction?: pulumi.Input<boolean>;
  /**
   * Where devices come and go: in the stored configuration, in the running domain, in both, or in both where that is
   * possible and else in the configuration. Default: `config`.
   */
  apply?: pulumi.Input<"config" | "live" | "both" | "auto">;
  /** true: the domain runs, and is seen to have the devices. false: it is shut down. Left out: it stays as it is. */
  running?: pulumi.Input<boolean>;
  /** Whether a running domain that cannot have its devices otherwise is shut down and started again. Default: `never`. */
  restart?: pulumi.Input<"never" | "ifRequired">;
  /** Longest time for a guest to shut down after it was asked to. It is never ended by force. Default: 120. */
  shutdownTimeoutSeconds?: pulumi.Input<number>;
  /** Longest time to wait for the agent in the guest to list the devices. Default: 90. */
  agentTimeoutSeconds?: pulumi.Input<number>;
  /**
   * XML of the domain. It is defined from this when libvirt does not know it, and then undefined when the resource is
   * deleted. It becomes a secret if it holds a password.
   */
  definition?: pulumi.Input<string>;
}

/** What shows that a domain that has to run has its devices, in words. */
export interface RunningProof {
  readonly libvirt: string;
  readonly host: string;
  readonly guestAgent: string;
}

/**
 * PCI functions of the host in a guest's configuration. Only elements with our alias are ours; everything else in the
 * domain's XML stays as it is. A running domain sees the change when it is started again, which `restart` allows.
 */
export class DomainHostdev extends PassthroughResource {
  /** What is to be done, as the preview shows it. */
  declare readonly plan: pulumi.Output<JsonObject>;
  declare readonly domainName: pulumi.Output<string>;
  declare readonly domainUuid: pulumi.Output<string>;
  /** Addresses of our devices in the domain's configuration. */
  declare readonly attached: pulumi.Output<string[]>;
  /** Whether the running domain gets its devices only when it is started again. */
  declare readonly restartRequired: pulumi.Output<boolean>;
  /** What shows that the domain runs with its devices; only with `running: true`. */
  declare readonly proof: pulumi.Output<RunningProof | undefined>;
  /** `/etc/machine-id` of the host. */
  declare readonly machineId: pulumi.Output<string>;

  constructor(name: string, args: DomainHostdevArgs, opts?: pulumi.CustomResourceOptions) {
    super({
      kind: "DomainHostdev",
      name,
      args: protectDefinition(args),
      outputs: ["domainName", "domainUuid", "attached", "restartRequired", "controllers", "proof"],
      opts,
    });
  }
}

/** A definition with a password becomes a secret, although the user wrote it plainly. */
function protectDefinition(args: DomainHostdevArgs): DomainHostdevArgs {
  if (args.definition === undefined) return args;
  const definition = pulumi
    .output(args.definition)
    .apply((text) => (mayHoldPassword(text) ? pulumi.secret(text) : pulumi.output(text)));
  return { ...args, definition };
}
