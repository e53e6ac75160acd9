import { z } from "zod";
import type { HostIommuConfigState } from "./state";

const OwnedFile = z.strictObject({
  path: z.string().describe("Absolute path of the file."),
  before: z.string().describe("The line as it was before the change."),
  after: z.string().describe("The line as we wrote it."),
});

const Ownership = z.strictObject({
  added: z.array(z.string()).describe("Words that we added."),
  removed: z.array(z.string()).describe("Words that we took out or replaced."),
  files: z.array(OwnedFile).describe("Lines that we changed, by file."),
});

/** Outputs of a HostIommuConfig, with their descriptions. */
export const HostIommuConfigOutputs = z.strictObject({
  kernelCommandLine: z.string().describe("Command line of the next boot."),
  runningCommandLine: z.string().describe("Command line of the running kernel."),
  iommuActive: z.boolean().describe("Whether an IOMMU is in use: units and groups in sysfs, never a message in a log."),
  groupCount: z.int().describe("Number of IOMMU groups."),
  rebootRequired: z.boolean().describe("Whether the running kernel was booted with another command line."),
  reasons: z.array(z.string()).describe("Why a reboot is required, in sentences."),
  firmwareTables: z.array(z.string()).describe("Firmware tables that announce an IOMMU: `DMAR`, `IVRS` or `IORT`."),
  cpuVirtualization: z.string().describe("`vmx` (Intel), `svm` (AMD), or empty when the CPU shows neither."),
  usedBootLoader: z
    .string()
    .describe("The boot loader whose files are changed, by its name in the input `bootLoader`."),
  ownership: Ownership.describe("What has to be known to take our words out again."),
}) satisfies z.ZodType<HostIommuConfigState>;
