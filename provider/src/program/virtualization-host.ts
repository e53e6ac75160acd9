import * as pulumi from "@pulumi/pulumi";
import { PACKAGE_WORD } from "../model/packages/default-packages";
import type { ReadingRequest } from "../model/reading";
import type { JsonObject } from "../resources/definition";
import { PassthroughResource, type HostArgs } from "./resource";

/** Inputs of a VirtualizationHost. */
export interface VirtualizationHostArgs {
  /** The KVM host. */
  host: HostArgs;
  /**
   * Packages that must be installed: names, dnf's groups as `@virtualization`, zypper's patterns as `pattern:kvm_server`. An empty
   * list leaves packages alone. Default: the distribution's own set for running guests.
   */
  packages?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Which daemons of libvirt are enabled and started: one for everything (`monolithic`), or one for each driver (`modular`).
   * Default: `auto`, which is what the host uses already, else what its distribution prefers.
   */
  daemons?: pulumi.Input<"auto" | "monolithic" | "modular">;
  /**
   * Whether deleting the resource removes the packages that it brought and that nothing else needs, and disables the units that
   * it enabled. Default: false.
   */
  removeOnDelete?: pulumi.Input<boolean>;
  /** Longest time for the installation or removal of packages, in seconds. Default: 1800. */
  timeoutSeconds?: pulumi.Input<number>;
}

/** A line of `virt-host-validate`. */
export interface ValidationCheck {
  /** What was looked at, in the tool's words. */
  readonly check: string;
  readonly result: "PASS" | "WARN" | "FAIL" | "NOTE";
  /** What the tool says beside the result; may be empty. */
  readonly detail: string;
}

/**
 * The packages and daemons that a host needs to run guests. It never removes what the host has, and takes back only what it
 * brought, and only when asked to.
 */
export class VirtualizationHost extends PassthroughResource {
  /** What is to be done, as the preview shows it. */
  declare readonly plan: pulumi.Output<JsonObject>;
  /** Where libvirt answers on the host; unknown in a preview while it does not, so what is given it waits for libvirt. */
  declare readonly connectUri: pulumi.Output<string>;
  declare readonly libvirtVersion: pulumi.Output<string>;
  /** Packages that this resource brought and that are installed, dependencies included. */
  declare readonly installedPackages: pulumi.Output<string[]>;
  /** Units of libvirt that were off before this resource and are enabled or active now. */
  declare readonly services: pulumi.Output<string[]>;
  /** Whether the host has `/dev/kvm`. */
  declare readonly kvm: pulumi.Output<boolean>;
  /** What `virt-host-validate qemu` says of the host. */
  declare readonly validation: pulumi.Output<ValidationCheck[]>;
  /** `/etc/machine-id` of the host. */
  declare readonly machineId: pulumi.Output<string>;

  constructor(name: string, args: VirtualizationHostArgs, opts?: pulumi.CustomResourceOptions) {
    super({
      kind: "VirtualizationHost",
      name,
      args,
      reading: pulumi.output(args.packages).apply(readingOf),
      outputs: ["connectUri", "libvirtVersion", "installedPackages", "services", "kvm", "validation"],
      opts,
    });
  }
}

/** Undefined for names that the check refuses, which says why. */
function readingOf(packages: readonly string[] | undefined): ReadingRequest | undefined {
  if (packages === undefined) return { packages: "default" };
  const isFit =
    Array.isArray(packages) && packages.every((name) => typeof name === "string" && PACKAGE_WORD.test(name));
  return isFit ? { packages } : undefined;
}
