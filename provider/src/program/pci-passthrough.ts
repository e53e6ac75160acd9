import * as pulumi from "@pulumi/pulumi";
import { DomainHostdev, type DomainHostdevArgs, type RunningProof } from "./domain-hostdev";
import { HostIommuConfig, type HostIommuConfigArgs } from "./host-iommu-config";
import {
  PciGroupDetachment,
  type DeviceArgs,
  type GroupMember,
  type PciGroupDetachmentArgs,
} from "./pci-group-detachment";
import type { HostArgs } from "./resource";
import { VirtualizationHost, type VirtualizationHostArgs } from "./virtualization-host";
import { placeInWave } from "./wave-membership";

/** Settings of a HostIommuConfig; the host is the component's. */
export type IommuSettings = Omit<HostIommuConfigArgs, "host">;

/** Settings of a VirtualizationHost; the host is the component's. */
export type VirtualizationSettings = Omit<VirtualizationHostArgs, "host">;

/** Settings of a PciGroupDetachment; host and device are the component's. */
export type DetachmentSettings = Omit<PciGroupDetachmentArgs, "host" | "device">;

/** Settings of a DomainHostdev; the rest is the component's. */
export type HostdevSettings = Omit<DomainHostdevArgs, "host" | "domain" | "definition" | "devices" | "running">;

/** Inputs of a PciPassthrough. */
export interface PciPassthroughArgs {
  /** The KVM host. */
  host: HostArgs;
  /** The PCI function that the domain gets, with its whole IOMMU group; or several of them, each with its own group. */
  device: pulumi.Input<DeviceArgs> | readonly pulumi.Input<DeviceArgs>[];
  /** The libvirt domain that gets it, by name or UUID. It must exist, unless there is a `definition`. */
  domain: pulumi.Input<string>;
  /** XML of the domain, for one that libvirt does not know yet. Default: none. */
  definition?: pulumi.Input<string>;
  /**
   * Whether the domain runs, and is seen to have the devices. `asIs`: it is neither started nor shut down. Default: true.
   */
  running?: pulumi.Input<boolean> | "asIs";
  /**
   * The host's IOMMU: settings of a HostIommuConfig, the HostIommuConfig that the program has for this host, or false, which
   * leaves the boot files alone. Default: a HostIommuConfig with its defaults, which reboots nothing.
   */
  iommu?: IommuSettings | HostIommuConfig | false;
  /**
   * The host's packages and daemons: settings of a VirtualizationHost, the VirtualizationHost that the program has for this
   * host, or false, which leaves them alone. Default: a VirtualizationHost with its defaults.
   */
  virtualization?: VirtualizationSettings | VirtualizationHost | false;
  /** How the groups are taken from the host. Default: the defaults of PciGroupDetachment. */
  detachment?: DetachmentSettings;
  /** How the domain gets the devices. Default: the defaults of DomainHostdev. */
  hostdev?: HostdevSettings;
}

/**
 * The whole way of a PCI device into a guest, in one declaration: the IOMMU on, libvirt installed, the group of the device off
 * the host's drivers, the device in the domain, the domain running. Deleting it goes back the same way.
 */
export class PciPassthrough extends pulumi.ComponentResource {
  /** What switches the IOMMU on; undefined when the boot files are left alone. */
  readonly iommu: HostIommuConfig | undefined;
  /** What installs libvirt; undefined when packages and daemons are left alone. */
  readonly virtualization: VirtualizationHost | undefined;
  /** What takes the groups from the host, in the order of the devices. */
  readonly detachments: readonly PciGroupDetachment[];
  /** What gives the devices to the domain. */
  readonly hostdev: DomainHostdev;
  /** PCI functions that the domain gets: those of all groups, bridges left out. */
  readonly members: pulumi.Output<GroupMember[]>;
  readonly domainUuid: pulumi.Output<string>;
  /** What shows that the domain runs with its devices; undefined unless it has to run. */
  readonly proof: pulumi.Output<RunningProof | undefined>;

  constructor(name: string, args: PciPassthroughArgs, opts?: pulumi.ComponentResourceOptions) {
    super("passthrough:index:PciPassthrough", name, {}, placeInWave(opts));
    const { host, domain, definition, running = true } = args;
    this.iommu = declareIommu(name, args, { parent: this });
    this.virtualization = declareVirtualization(name, args, { parent: this, dependsOn: listMade(this.iommu) });
    const ready = listMade(this.iommu, this.virtualization);
    this.detachments = listDevices(args.device).map((device, index) => {
      const own = index === 0 ? `${name}-group` : `${name}-group-${index + 1}`;
      return new PciGroupDetachment(own, { ...args.detachment, host, device }, { parent: this, dependsOn: ready });
    });
    this.members = pulumi.all(this.detachments.map(({ members }) => members)).apply((groups) => groups.flat());
    const connectUri = afterInstallation(this.virtualization, args.hostdev?.connectUri);
    this.hostdev = new DomainHostdev(
      `${name}-hostdev`,
      {
        ...args.hostdev,
        host,
        domain,
        devices: this.members,
        ...(running !== "asIs" && { running }),
        ...(definition !== undefined && { definition }),
        ...(connectUri !== undefined && { connectUri }),
      },
      { parent: this, dependsOn: [...ready, ...this.detachments] },
    );
    this.domainUuid = this.hostdev.domainUuid;
    this.proof = this.hostdev.proof;
    this.registerOutputs({ members: this.members, domainUuid: this.domainUuid, proof: this.proof });
  }
}

function declareIommu(
  name: string,
  { host, iommu = {} }: PciPassthroughArgs,
  opts: pulumi.CustomResourceOptions,
): HostIommuConfig | undefined {
  if (iommu === false) return undefined;
  return iommu instanceof HostIommuConfig ? iommu : new HostIommuConfig(`${name}-iommu`, { ...iommu, host }, opts);
}

function declareVirtualization(
  name: string,
  { host, virtualization = {} }: PciPassthroughArgs,
  opts: pulumi.CustomResourceOptions,
): VirtualizationHost | undefined {
  if (virtualization === false) return undefined;
  return virtualization instanceof VirtualizationHost
    ? virtualization
    : new VirtualizationHost(`${name}-virtualization`, { ...virtualization, host }, opts);
}

function listMade(...resources: readonly (pulumi.Resource | undefined)[]): pulumi.Resource[] {
  return resources.filter((resource) => resource !== undefined);
}

function listDevices(device: PciPassthroughArgs["device"]): readonly pulumi.Input<DeviceArgs>[] {
  return Array.isArray(device) ? (device as readonly pulumi.Input<DeviceArgs>[]) : [device as pulumi.Input<DeviceArgs>];
}

/** The libvirt that has the domain, known once there is a libvirt: until then nothing can be planned for the domain. */
function afterInstallation(
  virtualization: VirtualizationHost | undefined,
  own: pulumi.Input<string> | undefined,
): pulumi.Input<string> | undefined {
  if (virtualization === undefined) return own;
  return pulumi.all([virtualization.connectUri, own]).apply(([system, declared]) => declared ?? system);
}
