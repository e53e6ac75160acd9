import * as pulumi from "@pulumi/pulumi";
import { DomainHostdev, HostIommuConfig, PciGroupDetachment, SriovVirtualFunctions } from "pulumi-passthrough";

const config = new pulumi.Config();
// A name from ~/.ssh/config, or user@address:port.
const host = config.require("host");
const domains = config.requireObject<string[]>("domains");

const iommu = new HostIommuConfig("iommu", { host, reboot: { policy: "ifRequired" } });

// No driver of the host takes them: they are all for guests.
const card = new SriovVirtualFunctions(
  "card",
  {
    host,
    device: { address: config.require("card"), id: config.require("cardId") },
    count: domains.length,
    driversAutoprobe: false,
  },
  { dependsOn: iommu },
);

const groups = domains.map((domain, index) => {
  const mine = card.virtualFunctions[index];
  const device = { address: mine?.address ?? "", id: mine?.id ?? "" };
  const group = new PciGroupDetachment(`nic-${domain}`, { host, device });
  return new DomainHostdev(`guest-${domain}`, { host, domain, devices: group.members });
});

export const virtualFunctions = card.virtualFunctions;
export const attached = pulumi.all(groups.map((guest) => guest.attached));
