import type { HostFacts } from "../host-facts";

/** Whether an IOMMU translates: units and groups, never a message in a log. */
export function isIommuActive(facts: HostFacts): boolean {
  return facts.iommu.units.length > 0 && facts.iommu.groups.length > 0;
}
