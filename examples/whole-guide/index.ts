import * as pulumi from "@pulumi/pulumi";
import { PciPassthrough } from "pulumi-passthrough";

const config = new pulumi.Config();
const definition = config.get("definition");

const passthrough = new PciPassthrough("passthrough", {
  // A name from ~/.ssh/config, or user@address:port.
  host: config.require("host"),
  // The id guards against a card that moved: addresses change when cards are added.
  device: { address: config.require("device"), id: config.require("deviceId") },
  domain: config.require("domain"),
  ...(definition !== undefined && { definition }),
  iommu: { mode: "passthrough", reboot: { policy: "ifRequired" } },
});

export const members = passthrough.members;
export const proof = passthrough.proof;
