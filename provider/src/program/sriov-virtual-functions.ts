import type * as pulumi from "@pulumi/pulumi";
import type { JsonObject } from "../resources/definition";
import type { DeviceArgs } from "./pci-group-detachment";
import { PassthroughResource, type HostArgs } from "./resource";

/** Inputs of SriovVirtualFunctions. */
export interface SriovVirtualFunctionsArgs {
  /** The KVM host. */
  host: HostArgs;
  /** The physical function. */
  device: pulumi.Input<DeviceArgs>;
  /** How many virtual functions there shall be, at most what the card offers; 0: none. */
  count: pulumi.Input<number>;
  /** Whether the host's drivers take new virtual functions; with false these wait for a guest. Default: as it is. */
  driversAutoprobe?: pulumi.Input<boolean>;
  /** Whether the virtual functions are made again at every boot of the host. Default: true. */
  persist?: pulumi.Input<boolean>;
  /** Longest time to wait for the driver to make or remove virtual functions, in seconds. Default: 60. */
  timeoutSeconds?: pulumi.Input<number>;
}

/** A virtual function as it was read back. */
export interface VirtualFunction {
  readonly address: string;
  readonly id: string;
  /** Driver that has it; empty: none. */
  readonly driver: string;
  /** Number of its IOMMU group; -1 while the IOMMU is not active. */
  readonly group: number;
}

/** What is in place for the next boot of the host. */
export interface SriovPersistence {
  /** Files of ours by which the virtual functions are made at boot. */
  readonly files: readonly string[];
  /** Why they are not made at boot. */
  readonly drift: readonly string[];
}

/**
 * The virtual functions of a physical one (SR-IOV). Their number is changed only while none of them is in use. Deleting the
 * resource goes back to the number that was there before.
 */
export class SriovVirtualFunctions extends PassthroughResource {
  /** What is to be done, as the preview shows it. */
  declare readonly plan: pulumi.Output<JsonObject>;
  /** Address of the physical function. */
  declare readonly physicalFunction: pulumi.Output<string>;
  /** The virtual functions as they were read back, by address; unknown in a preview that changes their number. */
  declare readonly virtualFunctions: pulumi.Output<VirtualFunction[]>;
  /** How many virtual functions there were before. */
  declare readonly previousCount: pulumi.Output<number>;
  /** Whether drivers took new virtual functions before. */
  declare readonly previousDriversAutoprobe: pulumi.Output<boolean>;
  /** What is in place for the next boot of the host, as it was read back. */
  declare readonly persistence: pulumi.Output<SriovPersistence>;
  /** `/etc/machine-id` of the host. */
  declare readonly machineId: pulumi.Output<string>;

  constructor(name: string, args: SriovVirtualFunctionsArgs, opts?: pulumi.CustomResourceOptions) {
    super({
      kind: "SriovVirtualFunctions",
      name,
      args,
      outputs: ["physicalFunction", "virtualFunctions", "previousCount", "previousDriversAutoprobe", "persistence"],
      opts,
    });
  }
}
