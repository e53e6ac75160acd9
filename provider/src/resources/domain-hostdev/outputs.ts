import { z } from "zod";
import type { DomainHostdevState } from "./state";

const OwnedController = z.strictObject({
  index: z.int().describe("Index of the controller in the domain's XML."),
  model: z.string().describe("Model of the controller, such as `pcie-root-port`."),
});

const RunningProof = z.strictObject({
  libvirt: z.string().describe("What libvirt's running form of the domain holds."),
  host: z.string().describe("The drivers that the host's functions are on."),
  guestAgent: z
    .string()
    .describe("What the agent in the guest saw when it was last asked, or why it could not be asked."),
});

/** Outputs of a DomainHostdev, with their descriptions. */
export const DomainHostdevOutputs = z.strictObject({
  domainName: z.string().describe("Name of the domain."),
  domainUuid: z.string().describe("UUID of the domain."),
  attached: z
    .array(z.string())
    .describe(
      "Addresses of those devices that the domain's configuration holds in elements of ours; with `apply: live` those in its running form.",
    ),
  restartRequired: z
    .boolean()
    .describe("Whether the domain is running without one of the devices, and gets it only when it is started again."),
  controllers: z
    .array(OwnedController)
    .describe("PCI controllers that libvirt added for our devices; deleting the resource takes them out again."),
  proof: RunningProof.optional().describe(
    "What shows that the domain runs with its devices. Only with `running: true`.",
  ),
}) satisfies z.ZodType<
  Pick<DomainHostdevState, "domainName" | "domainUuid" | "attached" | "restartRequired" | "controllers">
>;
