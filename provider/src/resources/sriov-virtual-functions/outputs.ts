import { z } from "zod";
import type { SriovVirtualFunctionsState } from "./state";

const VirtualFunction = z.strictObject({
  address: z.string().describe("Address of the virtual function, `domain:bus:slot.function` in hexadecimal."),
  id: z.string().describe("`vendor:device` of the virtual function in hexadecimal."),
  driver: z.string().describe("Driver that has it; empty: none."),
  group: z.int().describe("Number of its IOMMU group; -1 while the IOMMU is not active."),
});

const SriovPersistence = z.strictObject({
  files: z
    .array(z.string())
    .describe("Files of ours by which the virtual functions are made at boot; none: they are not."),
  drift: z
    .array(z.string())
    .describe("Why they are not made at boot, such as another card at the address; empty: nothing is wrong."),
});

/** Outputs of SriovVirtualFunctions, with their descriptions. */
export const SriovVirtualFunctionsOutputs = z.strictObject({
  physicalFunction: z.string().describe("Address of the physical function."),
  virtualFunctions: z
    .array(VirtualFunction)
    .describe(
      "The virtual functions as they were read back, by address; unknown in a preview that changes their number.",
    ),
  previousCount: z.int().describe("How many virtual functions there were before; a delete goes back to it."),
  previousDriversAutoprobe: z
    .boolean()
    .describe("Whether drivers took new virtual functions before; a delete goes back to it."),
  persistence: SriovPersistence.describe("What is in place for the next boot of the host, as it was read back."),
}) satisfies z.ZodType<SriovVirtualFunctionsState>;
