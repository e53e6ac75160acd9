import { z } from "zod";
import { BOOT_LOADER_NAMES } from "../../model/boot/loaders/loader";
import { HostConnection } from "../../model/connection";
import { KernelArgumentWord } from "../../model/kernel/command-line";

const KernelArguments = z
  .strictObject({
    present: z
      .array(KernelArgumentWord)
      .default([])
      .describe("Words that the command line must have, exactly as written. Default: none."),
    absent: z
      .array(KernelArgumentWord)
      .default([])
      .describe("Words that it must not have, exactly as written. Default: none."),
  })
  .superRefine(({ present, absent }, context) => {
    present.forEach((word, i) => {
      if (absent.includes(word))
        context.addIssue({
          code: "custom",
          path: ["present", i],
          message: `${JSON.stringify(word)} stands in absent as well`,
        });
    });
  });

const Reboot = z.strictObject({
  policy: z
    .enum(["never", "ifRequired"])
    .default("never")
    .describe(
      "Whether the host may be rebooted when its running command line is not the declared one. Default: never.",
    ),
  runningDomains: z
    .enum(["refuse", "shutdown"])
    .default("refuse")
    .describe(
      "What running domains mean: refuse forbids the reboot, shutdown lets each shut down by itself first and starts it again afterwards. Default: refuse.",
    ),
  domainShutdownTimeoutSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(120)
    .describe(
      "Longest wait for each domain to shut down, in seconds; one that takes longer stops the reboot. Default: 120.",
    ),
  loggedInUsers: z
    .enum(["refuse", "ignore"])
    .default("refuse")
    .describe("What people at a terminal or desktop of the host mean: refuse forbids the reboot. Default: refuse."),
  inhibitors: z
    .enum(["refuse", "ignore"])
    .default("refuse")
    .describe(
      "What programs mean that block a shutdown through systemd (systemd-inhibit): refuse forbids the reboot. Default: refuse.",
    ),
  timeoutSeconds: z
    .int()
    .min(30)
    .max(7200)
    .default(600)
    .describe("Longest wait for the host to come back, in seconds. Default: 600."),
  onDelete: z
    .boolean()
    .default(false)
    .describe(
      "Whether deleting the resource reboots the host, so that the old command line takes effect. Default: false.",
    ),
});

/** How long a trial boot waits to be confirmed where the program does not say. */
export const CONFIRM_TIMEOUT_SECONDS = 300;

const TrialBoot = z.union([
  z.boolean(),
  z.strictObject({
    confirmTimeoutSeconds: z
      .int()
      .min(60)
      .max(3600)
      .default(CONFIRM_TIMEOUT_SECONDS)
      .describe(
        "How long a trial boot may wait for its confirmation, in seconds from the start of its init; then the host restarts on its old command line by itself. Default: 300.",
      ),
  }),
]);

/** Inputs of a HostIommuConfig. */
export const HostIommuConfigInputs = z.strictObject({
  host: HostConnection.describe(
    "The KVM host: a name from ~/.ssh/config, user@address:port, or an object with the connection's settings.",
  ),
  mode: z
    .enum(["passthrough", "translated"])
    .optional()
    .describe(
      "How devices that stay with the host use the IOMMU: passthrough (iommu=pt) maps memory one to one, translated isolates them too. Default: left as it is.",
    ),
  kernelArguments: KernelArguments.prefault({}).describe(
    "Further words of the kernel command line that are owned by this resource.",
  ),
  bootLoader: z
    .enum(["auto", ...BOOT_LOADER_NAMES])
    .default("auto")
    .describe("The boot loader; anything but auto must be what the host has. Default: auto."),
  trialBoot: TrialBoot.default(false).describe(
    "Whether a new command line is booted once, as a trial, and made permanent only when the host has come back with it, answers a fresh connection and shows IOMMU groups. It needs reboot.policy ifRequired. Default: false.",
  ),
  reboot: Reboot.prefault({}).describe("Whether and how the host is rebooted."),
});
export type HostIommuConfigInputs = z.infer<typeof HostIommuConfigInputs>;
