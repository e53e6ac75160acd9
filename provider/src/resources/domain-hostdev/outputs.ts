import { z } from "zod";
import type { DomainHostdevState } from "./state";

const OwnedController = z.strictObject({
  index: z.int().describe("Index of the controller in the domain's XML."),
  model: z.string().describe("Model of the controller, such as `pcie-root-port`."),
});

/** Outputs of a DomainHostdev, with their descriptions. */
export const DomainHostdevOutputs = z.strictObject({
  domainName: z.string().describe("Name of the domain."),
  domainUuid: z.string().describe("UUID of the domain."),
  attached: z
    .array(z.string())
    .describe("Addresses of those devices that the domain's configuration holds in elements of ours."),
  restartRequired: z
    .boolean()
    .describe("Whether the domain is running without one of the devices, and gets it only when it is started again."),
  controllers: z
    .array(OwnedController)
    .describe("PCI controllers that libvirt added for our devices; deleting the resource takes them out again."),
}) satisfies z.ZodType<DomainHostdevState>;
