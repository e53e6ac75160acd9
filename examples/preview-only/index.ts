import * as pulumi from "@pulumi/pulumi";
import { HostIommuConfig, PciGroupDetachment } from "pulumi-passthrough";

const config = new pulumi.Config();
const host = config.require("host");

// Run `pulumi preview --diff` and nothing else: the plans say what the host would need, and what is refused and why.
const iommu = new HostIommuConfig("iommu", { host, mode: "passthrough" });
const device = new PciGroupDetachment(
  "device",
  { host, device: { address: config.require("device") } },
  { dependsOn: iommu },
);

export const plans = { iommu: iommu.plan, device: device.plan };
