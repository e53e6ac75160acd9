import type * as pulumi from "@pulumi/pulumi";
import type { SafetyRule } from "../model/pci/safety-rules";
import type { JsonObject } from "../resources/definition";
import { PassthroughResource, type HostArgs } from "./resource";

/** Names a PCI function: by address, by id where that is unique on the host, or by both, which must then match. */
export interface DeviceArgs {
  /** `domain:bus:slot.function` in hexadecimal; the domain may be left out. */
  address?: pulumi.Input<string>;
  /** `vendor:device` in hexadecimal, such as `10de:2684`. */
  id?: pulumi.Input<string>;
}

/** Inputs of a PciGroupDetachment. */
export interface PciGroupDetachmentArgs {
  /** The KVM host. */
  host: HostArgs;
  /** A function of the group. */
  device: pulumi.Input<DeviceArgs>;
  /** Driver that the group's functions are given to. Default: `vfio-pci`. */
  driver?: pulumi.Input<string>;
  /** Safety rules that are waived for this group, by name. Default: none. */
  allow?: pulumi.Input<pulumi.Input<SafetyRule>[]>;
  /** Whether the functions are bound again at every boot of the host, by address and id. Default: true. */
  persist?: pulumi.Input<boolean>;
  /** What happens while the IOMMU is not active: an error, or everything is prepared for the next boot. Default: `fail`. */
  whenInactive?: pulumi.Input<"fail" | "prepare">;
  /** Longest time to wait for one function to change its driver, in seconds. Default: 60. */
  timeoutSeconds?: pulumi.Input<number>;
}

/** A member of an IOMMU group. */
export interface GroupMember {
  readonly address: string;
  readonly id: string;
  /** What it is, in words. */
  readonly class: string;
  /** Driver that it goes back to; empty: none. */
  readonly previousDriver: string;
}

/** What is in place for the next boot of the host. */
export interface Persistence {
  /** Files of ours by which the group is bound at boot. */
  readonly files: readonly string[];
  /** What was found in each initial ramdisk, in words, by its path. */
  readonly images: Readonly<Record<string, string>>;
  /** Why a part of the group is not bound at boot. */
  readonly drift: readonly string[];
}

/**
 * A whole IOMMU group on vfio-pci. Bridges are left alone, and what the host needs is refused in the preview. Deleting the
 * resource gives every function back to the driver that it had.
 */
export class PciGroupDetachment extends PassthroughResource {
  /** What is to be done, as the preview shows it. */
  declare readonly plan: pulumi.Output<JsonObject>;
  /** Number of the IOMMU group. */
  declare readonly group: pulumi.Output<number>;
  /** Functions of the group that move. */
  declare readonly members: pulumi.Output<GroupMember[]>;
  /** Addresses of the group's bridges. */
  declare readonly bridges: pulumi.Output<string[]>;
  /** Drivers as they were read back, by address. */
  declare readonly drivers: pulumi.Output<Record<string, string>>;
  /** Whether VFIO hands the group out. */
  declare readonly viable: pulumi.Output<boolean>;
  /** What is in place for the next boot of the host, as it was read back. */
  declare readonly persistence: pulumi.Output<Persistence>;
  /** `/etc/machine-id` of the host. */
  declare readonly machineId: pulumi.Output<string>;

  constructor(name: string, args: PciGroupDetachmentArgs, opts?: pulumi.CustomResourceOptions) {
    super({
      kind: "PciGroupDetachment",
      name,
      args,
      outputs: ["group", "members", "bridges", "drivers", "viable", "persistence"],
      opts,
    });
  }
}
