import { z } from "zod";
import type { VirtualizationHostState } from "./state";

const ValidationCheck = z.strictObject({
  check: z.string().describe("What was looked at, in the tool's words."),
  result: z.string().describe("`PASS`, `WARN`, `FAIL` or `NOTE`."),
  detail: z.string().describe("What the tool says beside the result, such as a remedy; may be empty."),
});

/** Outputs of a VirtualizationHost, with their descriptions. */
export const VirtualizationHostOutputs = z.strictObject({
  connectUri: z
    .string()
    .describe(
      "Where libvirt answers on the host; unknown in a preview while it does not. A DomainHostdev that is given it waits for libvirt.",
    ),
  libvirtVersion: z.string().describe("Version of libvirt on the host."),
  installedPackages: z
    .array(z.string())
    .describe("Packages that this resource brought and that are installed, dependencies included."),
  services: z
    .array(z.string())
    .describe("Units of libvirt that were off before this resource and are enabled or active now."),
  kvm: z.boolean().describe("Whether the host has `/dev/kvm`; without it guests run by emulation, very slowly."),
  validation: z.array(ValidationCheck).describe("What `virt-host-validate qemu` says of the host."),
}) satisfies z.ZodType<VirtualizationHostState>;
