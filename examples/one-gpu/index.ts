import * as pulumi from "@pulumi/pulumi";
import { DomainHostdev, HostIommuConfig, PciGroupDetachment } from "pulumi-passthrough";

const config = new pulumi.Config();
// A name from ~/.ssh/config, or user@address:port.
const host = config.require("host");

const iommu = new HostIommuConfig("iommu", { host, mode: "passthrough", reboot: { policy: "ifRequired" } });

// The id guards against a card that moved: addresses change when cards are added.
const gpu = new PciGroupDetachment(
  "gpu",
  { host, device: { address: config.require("device"), id: config.require("deviceId") } },
  { dependsOn: iommu },
);

const guest = new DomainHostdev("guest", { host, domain: config.require("domain"), devices: gpu.members });

export const kernelCommandLine = iommu.kernelCommandLine;
export const members = gpu.members;
export const attached = guest.attached;
