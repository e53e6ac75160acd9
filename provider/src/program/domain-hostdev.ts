import type * as pulumi from "@pulumi/pulumi";
import type { JsonObject } from "../resources/definition";
import type { GroupMember } from "./pci-group-detachment";
import { PassthroughResource, type HostArgs } from "./resource";

/** Inputs of a DomainHostdev. */
export interface DomainHostdevArgs {
  /** The KVM host. */
  host: HostArgs;
  /** The libvirt domain, by name or UUID. It must exist. */
  domain: pulumi.Input<string>;
  /** PCI functions of the host that the domain gets: addresses, or the members of a PciGroupDetachment. */
  devices: pulumi.Input<pulumi.Input<string | GroupMember>[]>;
  /** Whether libvirt takes the devices when the domain starts and gives them back when it stops. Default: true. */
  managed?: pulumi.Input<boolean>;
  /**
   * The libvirt that has the domain, as a URI of the host's own, such as `qemu:///session`. Default: `qemu:///system`.
   */
  connectUri?: pulumi.Input<string>;
}

/**
 * PCI functions of the host in a guest's configuration. Only elements with our alias are ours; everything else in the
 * domain's XML stays as it is. A running domain sees the change when it is started again.
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
  /** `/etc/machine-id` of the host. */
  declare readonly machineId: pulumi.Output<string>;

  constructor(name: string, args: DomainHostdevArgs, opts?: pulumi.CustomResourceOptions) {
    super({
      kind: "DomainHostdev",
      name,
      args,
      outputs: ["domainName", "domainUuid", "attached", "restartRequired", "controllers"],
      opts,
    });
  }
}
