import { z } from "zod";

/** Outputs that every resource has beside its own. */
export const CommonOutputs = z.strictObject({
  plan: z
    .record(z.string(), z.unknown())
    .describe(
      "What is to be done, as the preview shows it: `steps` in words and in order, empty when the host is as declared, and what they rest on.",
    ),
  machineId: z.string().describe("`/etc/machine-id` of the host. Another machine at the same address is left alone."),
  stateVersion: z.int().describe("Version of the form in which these outputs are stored."),
});
