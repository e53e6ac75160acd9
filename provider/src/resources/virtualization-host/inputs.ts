import { z } from "zod";
import { HostConnection } from "../../model/connection";
import { PACKAGE_WORD } from "../../model/packages/default-packages";

const PackageName = z.string().regex(PACKAGE_WORD, {
  error:
    "expected the name of a package, a group such as @virtualization (dnf) or a pattern such as pattern:kvm_server (zypper)",
});

/** Inputs of a VirtualizationHost. */
export const VirtualizationHostInputs = z.strictObject({
  host: HostConnection.describe(
    "The KVM host: a name from ~/.ssh/config, user@address:port, or an object with the connection's settings.",
  ),
  packages: z
    .array(PackageName)
    .refine((names) => new Set(names).size === names.length, { error: "a package stands here twice" })
    .optional()
    .describe(
      "Packages that must be installed; an empty list leaves packages alone. Default: the distribution's own set for running guests.",
    ),
  daemons: z
    .enum(["auto", "monolithic", "modular"])
    .default("auto")
    .describe(
      "Which daemons of libvirt are enabled and started: one for everything, or one for each driver. Default: auto, which is what the host uses already, else what its distribution prefers.",
    ),
  removeOnDelete: z
    .boolean()
    .default(false)
    .describe(
      "Whether deleting the resource removes the packages that it brought and that nothing else needs, and disables the units that it enabled. Default: false.",
    ),
  timeoutSeconds: z
    .int()
    .min(60)
    .max(14_400)
    .default(1800)
    .describe("Longest time for the installation or removal of packages, in seconds. Default: 1800."),
});
export type VirtualizationHostInputs = z.infer<typeof VirtualizationHostInputs>;
