import type { HostFacts } from "../host-facts";
import type { PciAddress } from "./address";

/** Whether one of `functions` is this function or hangs below it, as disks of Intel's VMD hang below an endpoint. */
export function hangsOn(facts: HostFacts, functions: readonly PciAddress[], address: PciAddress): boolean {
  if (functions.includes(address)) return true;
  return facts.pci.some((device) => device.ancestors.includes(address) && functions.includes(device.address));
}
