import * as pulumi from "@pulumi/pulumi";
import { HostIommuConfig, rollout } from "pulumi-passthrough";

/** A host of the fleet, as the stack's configuration lists it. */
interface FleetHost {
  /** Names the host in the tree. */
  readonly name: string;
  /** A name from ~/.ssh/config, or user@address:port. */
  readonly host: string;
}

const config = new pulumi.Config();
const hosts = config.requireObject<FleetHost[]>("hosts");
const batchSize = config.getNumber("batchSize") ?? 1;

// The hosts of a wave reboot side by side; the next wave begins when all of them are back with the IOMMU on.
const commandLines = rollout(hosts, { batchSize }, ({ name, host }, opts) => {
  const reboot = { policy: "ifRequired", timeoutSeconds: 900 } as const;
  return new HostIommuConfig(name, { host, mode: "passthrough", reboot }, opts).kernelCommandLine;
});

export const kernelCommandLines = Object.fromEntries(hosts.map(({ name }, i) => [name, commandLines[i]]));
