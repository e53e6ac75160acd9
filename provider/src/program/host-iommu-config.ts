import type * as pulumi from "@pulumi/pulumi";
import type { JsonObject } from "../resources/definition";
import { PassthroughResource, type HostArgs } from "./resource";

/** Further words of the kernel command line that a HostIommuConfig owns. */
export interface KernelArgumentsArgs {
  /** Words that the command line must have, exactly as written. Default: none. */
  present?: pulumi.Input<pulumi.Input<string>[]>;
  /** Words that it must not have, exactly as written. Default: none. */
  absent?: pulumi.Input<pulumi.Input<string>[]>;
}

/** Whether and how a HostIommuConfig reboots its host. */
export interface RebootArgs {
  /** `ifRequired`: when the running command line is not the declared one. Default: `never`. */
  policy?: pulumi.Input<"never" | "ifRequired">;
  /** `shutdown`: running domains shut down by themselves first and are started again afterwards. Default: `refuse`. */
  runningDomains?: pulumi.Input<"refuse" | "shutdown">;
  /** Longest wait for each domain to shut down, in seconds. Default: 120. */
  domainShutdownTimeoutSeconds?: pulumi.Input<number>;
  /** What people at a terminal or desktop of the host mean for a reboot. Default: `refuse`. */
  loggedInUsers?: pulumi.Input<"refuse" | "ignore">;
  /** What programs mean that block a shutdown through systemd. Default: `refuse`. */
  inhibitors?: pulumi.Input<"refuse" | "ignore">;
  /** Longest wait for the host to come back, in seconds. Default: 600. */
  timeoutSeconds?: pulumi.Input<number>;
  /** Whether deleting the resource reboots the host. Default: false. */
  onDelete?: pulumi.Input<boolean>;
}

/** How long a trial boot waits to be confirmed. */
export interface TrialBootArgs {
  /** Seconds from the start of its init; then the host restarts on its old command line by itself. Default: 300. */
  confirmTimeoutSeconds?: pulumi.Input<number>;
}

/** Inputs of a HostIommuConfig. */
export interface HostIommuConfigArgs {
  /** The KVM host. */
  host: HostArgs;
  /** How devices that stay with the host use the IOMMU: `passthrough` (iommu=pt) or `translated`. Default: left as it is. */
  mode?: pulumi.Input<"passthrough" | "translated">;
  kernelArguments?: pulumi.Input<KernelArgumentsArgs>;
  /** The boot loader; anything but `auto` must be what the host has. Default: `auto`. */
  bootLoader?: pulumi.Input<"auto" | "grub" | "grub-bls">;
  /**
   * Whether a new command line is booted once, as a trial, and made permanent only when the host has come back with it and
   * shows IOMMU groups. It needs `reboot.policy` `ifRequired`. Default: false.
   */
  trialBoot?: pulumi.Input<boolean | TrialBootArgs>;
  reboot?: pulumi.Input<RebootArgs>;
}

/**
 * The kernel command line that switches a host's IOMMU on. It owns only its own words: everything else in the boot files
 * stays as it is, and deleting the resource puts the old words back.
 */
export class HostIommuConfig extends PassthroughResource {
  /** What is to be done, as the preview shows it. */
  declare readonly plan: pulumi.Output<JsonObject>;
  /** Command line of the next boot. */
  declare readonly kernelCommandLine: pulumi.Output<string>;
  /** Command line of the running kernel. */
  declare readonly runningCommandLine: pulumi.Output<string>;
  /** Whether an IOMMU is in use: units and groups in sysfs, never a message in a log. */
  declare readonly iommuActive: pulumi.Output<boolean>;
  /** Number of IOMMU groups. */
  declare readonly groupCount: pulumi.Output<number>;
  /** Whether the running kernel was booted with another command line. */
  declare readonly rebootRequired: pulumi.Output<boolean>;
  /** Why a reboot is required, in sentences. */
  declare readonly reasons: pulumi.Output<string[]>;
  /** Firmware tables that announce an IOMMU: `DMAR`, `IVRS`, `IORT`. */
  declare readonly firmwareTables: pulumi.Output<string[]>;
  /** `vmx`, `svm`, or empty. */
  declare readonly cpuVirtualization: pulumi.Output<string>;
  /** The boot loader whose files were changed. */
  declare readonly usedBootLoader: pulumi.Output<string>;
  /** `/etc/machine-id` of the host. */
  declare readonly machineId: pulumi.Output<string>;

  constructor(name: string, args: HostIommuConfigArgs, opts?: pulumi.CustomResourceOptions) {
    super({
      kind: "HostIommuConfig",
      name,
      args,
      outputs: [
        "kernelCommandLine",
        "runningCommandLine",
        "iommuActive",
        "groupCount",
        "rebootRequired",
        "reasons",
        "firmwareTables",
        "cpuVirtualization",
        "usedBootLoader",
        "ownership",
      ],
      opts,
    });
  }
}
