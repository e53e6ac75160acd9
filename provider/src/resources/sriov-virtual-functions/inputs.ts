import { z } from "zod";
import { HostConnection } from "../../model/connection";
import { DeviceSelector } from "../../model/pci/selector";

/** Inputs of SriovVirtualFunctions. */
export const SriovVirtualFunctionsInputs = z.strictObject({
  host: HostConnection.describe(
    "The KVM host: a name from ~/.ssh/config, user@address:port, or an object with the connection's settings.",
  ),
  device: DeviceSelector.describe(
    "The physical function: its address, its vendor:device id where that is unique on the host, or both, which must then match.",
  ),
  count: z
    .int()
    .min(0)
    .max(65535)
    .describe("How many virtual functions there shall be, at most what the card offers; 0: none."),
  driversAutoprobe: z
    .boolean()
    .optional()
    .describe(
      "Whether the host's drivers take new virtual functions; with false these wait for a guest. Default: as it is on the host.",
    ),
  persist: z
    .boolean()
    .default(true)
    .describe("Whether the virtual functions are made again at every boot of the host. Default: true."),
  timeoutSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(60)
    .describe("Longest time to wait for the driver to make or remove virtual functions, in seconds. Default: 60."),
});
export type SriovVirtualFunctionsInputs = z.infer<typeof SriovVirtualFunctionsInputs>;
