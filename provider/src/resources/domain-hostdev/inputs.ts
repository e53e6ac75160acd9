import { z } from "zod";
import { HostConnection } from "../../model/connection";
import { ConnectUri, SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { addressOf, Device } from "./devices";

/** Inputs of a DomainHostdev. */
export const DomainHostdevInputs = z.strictObject({
  host: HostConnection.describe(
    "The KVM host: a name from ~/.ssh/config, user@address:port, or an object with the connection's settings.",
  ),
  domain: z
    .string()
    .min(1)
    .describe("The libvirt domain, by name or UUID. It must exist, unless there is a `definition`."),
  devices: z
    .array(Device)
    .min(1, { error: "expected at least one device" })
    .refine((devices) => new Set(devices.map(addressOf)).size === devices.length, {
      error: "a device stands here twice",
    })
    .describe(
      "PCI functions of the host that the domain gets: addresses, the members of a PciGroupDetachment, or either with options of their own.",
    ),
  managed: z
    .boolean()
    .default(true)
    .describe(
      "Whether libvirt takes the devices from the host's drivers when the domain starts and gives them back when it stops. Default: true.",
    ),
  connectUri: ConnectUri.default(SYSTEM_URI).describe(
    "The libvirt that has the domain, as a URI of the host's own, such as qemu:///session. Default: qemu:///system.",
  ),
  multifunction: z
    .boolean()
    .optional()
    .describe(
      "Whether the functions of one card on the host are functions of one slot in the guest, as some drivers want. Default: false.",
    ),
  apply: z
    .enum(["config", "live", "both", "auto"])
    .optional()
    .describe(
      "Where devices come and go: in the stored configuration, in the running domain, in both, or in both where that is possible and else in the configuration. Default: config.",
    ),
  running: z
    .boolean()
    .optional()
    .describe(
      "true: the domain runs, and is seen to have the devices. false: it is shut down. Left out: it stays as it is.",
    ),
  restart: z
    .enum(["never", "ifRequired"])
    .optional()
    .describe(
      "Whether a running domain that cannot have its devices otherwise is shut down and started again. Default: never.",
    ),
  shutdownTimeoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe("Longest time for a guest to shut down after it was asked to. It is never ended by force. Default: 120."),
  agentTimeoutSeconds: z
    .int()
    .min(0)
    .max(3600)
    .optional()
    .describe(
      "Longest time to wait for the agent in the guest to list the devices; it cannot answer before the guest has started. Default: 90.",
    ),
  definition: z
    .string()
    .min(1)
    .optional()
    .describe(
      "XML of the domain. It is defined from this when libvirt does not know it, and then undefined when the resource is deleted. Secret if it holds a password.",
    ),
});
export type DomainHostdevInputs = z.infer<typeof DomainHostdevInputs>;
