import { domainHostdev } from "../resources/domain-hostdev/definition";
import { hostIommuConfig } from "../resources/host-iommu-config/definition";
import { pciGroupDetachment } from "../resources/pci-group-detachment/definition";
import { sriovVirtualFunctions } from "../resources/sriov-virtual-functions/definition";
import { virtualizationHost } from "../resources/virtualization-host/definition";

/** Every kind of resource by its name. */
export const definitions = {
  VirtualizationHost: virtualizationHost,
  HostIommuConfig: hostIommuConfig,
  PciGroupDetachment: pciGroupDetachment,
  DomainHostdev: domainHostdev,
  SriovVirtualFunctions: sriovVirtualFunctions,
} as const;

export type Kind = keyof typeof definitions;

/** Whether a text names a kind. */
export function isKind(text: string): text is Kind {
  return Object.hasOwn(definitions, text);
}
