import { z } from "zod";
import { DomainHostdevInputs } from "../provider/src/resources/domain-hostdev/inputs";
import { DomainHostdevOutputs } from "../provider/src/resources/domain-hostdev/outputs";
import { HostIommuConfigInputs } from "../provider/src/resources/host-iommu-config/inputs";
import { PciGroupDetachmentInputs } from "../provider/src/resources/pci-group-detachment/inputs";
import { PciGroupDetachmentOutputs } from "../provider/src/resources/pci-group-detachment/outputs";
import { VirtualizationHostInputs } from "../provider/src/resources/virtualization-host/inputs";

/** A component: what a program gives it and gets from it, and the page that describes it. */
export interface Component {
  readonly page: string;
  readonly inputs: z.ZodObject;
  readonly outputs: z.ZodObject;
}

const PciPassthroughInputs = z.strictObject({
  host: HostIommuConfigInputs.shape.host,
  device: z
    .union([PciGroupDetachmentInputs.shape.device, z.array(PciGroupDetachmentInputs.shape.device)])
    .describe(
      "The PCI function that the domain gets, with its whole IOMMU group; or several of them, each with its own group.",
    ),
  domain: DomainHostdevInputs.shape.domain,
  definition: DomainHostdevInputs.shape.definition,
  running: z
    .union([z.boolean(), z.enum(["asIs"])])
    .default(true)
    .describe(
      "Whether the domain runs, and is seen to have the devices; asIs: it is neither started nor shut down. Default: true.",
    ),
  iommu: z
    .union([HostIommuConfigInputs.omit({ host: true }), resource("HostIommuConfig"), z.literal(false)])
    .optional()
    .describe(
      "The host's IOMMU: settings of a HostIommuConfig, the HostIommuConfig that the program has for this host, or false, which leaves the boot files alone. Default: a HostIommuConfig with its defaults, which reboots nothing.",
    ),
  virtualization: z
    .union([VirtualizationHostInputs.omit({ host: true }), resource("VirtualizationHost"), z.literal(false)])
    .optional()
    .describe(
      "The host's packages and daemons: settings of a VirtualizationHost, the VirtualizationHost that the program has for this host, or false, which leaves them alone. Default: a VirtualizationHost with its defaults.",
    ),
  detachment: PciGroupDetachmentInputs.omit({ host: true, device: true })
    .optional()
    .describe("How the groups are taken from the host. Default: the defaults of PciGroupDetachment."),
  hostdev: DomainHostdevInputs.omit({ host: true, domain: true, definition: true, devices: true, running: true })
    .optional()
    .describe("How the domain gets the devices. Default: the defaults of DomainHostdev."),
});

const PciPassthroughOutputs = z.strictObject({
  members: PciGroupDetachmentOutputs.shape.members.describe(
    "PCI functions that the domain gets: the endpoints of all groups.",
  ),
  domainUuid: DomainHostdevOutputs.shape.domainUuid,
  proof: DomainHostdevOutputs.shape.proof,
});

/** The components of the package. They register nothing but their outputs, so what they take stands here only. */
export const COMPONENTS: Readonly<Record<string, Component>> = {
  PciPassthrough: {
    page: "docs/pci-passthrough.md",
    inputs: PciPassthroughInputs,
    outputs: PciPassthroughOutputs,
  },
};

/** A resource as a value, which the schema's generator knows by the kind in its description of the value. */
function resource(kind: string): z.ZodType {
  return z.unknown().meta({ resource: kind });
}
