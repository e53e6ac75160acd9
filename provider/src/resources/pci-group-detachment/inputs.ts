import { z } from "zod";
import { HostConnection } from "../../model/connection";
import { SafetyRule } from "../../model/pci/safety-rules";
import { DeviceSelector } from "../../model/pci/selector";

/** Inputs of a PciGroupDetachment. */
export const PciGroupDetachmentInputs = z.strictObject({
  host: HostConnection.describe(
    "The KVM host: a name from ~/.ssh/config, user@address:port, or an object with the connection's settings.",
  ),
  device: DeviceSelector.describe(
    "A PCI function of the group: its address, its vendor:device id where that is unique on the host, or both, which must then match.",
  ),
  driver: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "expected the name of a kernel driver, such as vfio-pci" })
    .default("vfio-pci")
    .describe("Driver that the group's functions are given to. Default: vfio-pci."),
  allow: z
    .array(SafetyRule)
    .default([])
    .describe("Safety rules that are waived for this group, by name. Default: none."),
  persist: z
    .boolean()
    .default(true)
    .describe("Whether the functions are bound again at every boot of the host, by address and id. Default: true."),
  whenInactive: z
    .enum(["fail", "prepare"])
    .default("fail")
    .describe(
      "What happens while the IOMMU is not active: an error, or everything is prepared for the boot that switches it on. Default: fail.",
    ),
  timeoutSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(60)
    .describe("Longest time to wait for one function to change its driver, in seconds. Default: 60."),
});
export type PciGroupDetachmentInputs = z.infer<typeof PciGroupDetachmentInputs>;
