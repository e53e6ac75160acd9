import type { HostFacts } from "../host-facts";

/** The `CONFIG_*` that the driver of the firmware's IOMMU needs, where the running kernel is known to be built without it. */
export function findMissingOption(facts: HostFacts): string | undefined {
  const option = iommuOption(facts);
  return option !== undefined && facts.kernel.config[option] === "n" ? option : undefined;
}

/** The `CONFIG_*` of the driver for the IOMMU that the firmware announces; undefined where it announces none. */
export function iommuOption({ firmware: { tables } }: HostFacts): string | undefined {
  if (tables.includes("DMAR")) return "CONFIG_INTEL_IOMMU";
  if (tables.includes("IVRS")) return "CONFIG_AMD_IOMMU";
  return tables.includes("IORT") ? "CONFIG_ARM_SMMU_V3" : undefined;
}

/**
 * Whether the running kernel uses Intel's IOMMU without a word on its command line. Debian's kernels do so for everything
 * but the integrated GPU, which is fine for every other device.
 */
export function usesIntelByDefault({ kernel: { config } }: HostFacts): boolean {
  return config["CONFIG_INTEL_IOMMU_DEFAULT_ON"] === "y" || config["CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF"] === "y";
}
