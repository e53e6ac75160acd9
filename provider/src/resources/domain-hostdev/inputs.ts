import { z } from "zod";
import { HostConnection } from "../../model/connection";
import { ConnectUri, SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { PciAddress } from "../../model/pci/address";

const Device = z
  .union([PciAddress, z.looseObject({ address: PciAddress.describe("Address of the function on the host.") })], {
    error: "expected a PCI address such as 0000:01:00.0, or a member of a PciGroupDetachment",
  })
  .transform((device) => (typeof device === "string" ? device : device.address));

/** Inputs of a DomainHostdev. */
export const DomainHostdevInputs = z.strictObject({
  host: HostConnection.describe(
    "The KVM host: a name from ~/.ssh/config, user@address:port, or an object with the connection's settings.",
  ),
  domain: z.string().min(1).describe("The libvirt domain, by name or UUID. It must exist."),
  devices: z
    .array(Device)
    .min(1, { error: "expected at least one device" })
    .refine((devices) => new Set(devices).size === devices.length, { error: "a device stands here twice" })
    .describe("PCI functions of the host that the domain gets: addresses, or the members of a PciGroupDetachment."),
  managed: z
    .boolean()
    .default(true)
    .describe(
      "Whether libvirt takes the devices from the host's drivers when the domain starts and gives them back when it stops. Default: true.",
    ),
  connectUri: ConnectUri.default(SYSTEM_URI).describe(
    "The libvirt that has the domain, as a URI of the host's own, such as qemu:///session. Default: qemu:///system.",
  ),
});
export type DomainHostdevInputs = z.infer<typeof DomainHostdevInputs>;
