import * as pulumi from "@pulumi/pulumi";
import { DomainHostdev, HostIommuConfig, PciGroupDetachment } from "pulumi-passthrough";

/** A host of the fleet, as the stack's configuration lists it. */
interface FleetHost {
  /** Names its resources. */
  readonly name: string;
  /** A name from ~/.ssh/config, or user@address:port. */
  readonly host: string;
  /** Cards and the guests that get them. */
  readonly cards: readonly { readonly device: string; readonly domain: string }[];
}

const config = new pulumi.Config();
const hosts = config.requireObject<FleetHost[]>("hosts");

// All hosts are read side by side. Nobody is rebooted here: `rebootRequired` tells whose turn it is.
export const rebootRequired: Record<string, pulumi.Output<boolean>> = {};
for (const { name, host, cards } of hosts) {
  const iommu = new HostIommuConfig(name, { host, mode: "passthrough" });
  rebootRequired[name] = iommu.rebootRequired;
  for (const { device, domain } of cards) {
    const group = new PciGroupDetachment(
      `${name}-${device}`,
      { host, device: { address: device } },
      { dependsOn: iommu },
    );
    new DomainHostdev(`${name}-${domain}`, { host, domain, devices: group.members });
  }
}
