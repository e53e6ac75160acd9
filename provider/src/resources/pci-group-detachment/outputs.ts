import { z } from "zod";
import type { StoredDetachment } from "./state";

const GroupMember = z.strictObject({
  address: z.string().describe("Address of the function, `domain:bus:slot.function` in hexadecimal."),
  id: z.string().describe("`vendor:device` of the function in hexadecimal."),
  class: z.string().describe("What it is, in words."),
  previousDriver: z.string().describe("Driver that it goes back to; empty: none."),
});

const Persistence = z.strictObject({
  files: z.array(z.string()).describe("Files of ours by which the group is bound at boot; none: it is not."),
  images: z.record(z.string(), z.string()).describe("What was found in each initial ramdisk, in words, by its path."),
  drift: z
    .array(z.string())
    .describe(
      "Why a part of the group is not bound at boot, such as another card at an address; empty: nothing is wrong.",
    ),
});

/** Outputs of a PciGroupDetachment, with their descriptions. */
export const PciGroupDetachmentOutputs = z.strictObject({
  group: z.int().describe("Number of the IOMMU group; -1 while it is not known yet."),
  members: z.array(GroupMember).describe("The endpoints of the group, each with the driver that it goes back to."),
  bridges: z.array(z.string()).describe("Addresses of the group's bridges, which are left alone."),
  drivers: z
    .record(z.string(), z.string())
    .describe("Drivers of the members as they were read back, by address; empty text: none."),
  viable: z.boolean().describe("Whether VFIO hands the group out: no member is left on a driver of the host."),
  persistence: Persistence.describe("What is in place for the next boot of the host, as it was read back."),
}) satisfies z.ZodType<StoredDetachment>;
