import { parseKernelArgument } from "../kernel/command-line";

/** Whether a word of the command line switches the IOMMU off. */
export function isIommuOff(word: string): boolean {
  return ["intel_iommu", "amd_iommu", "iommu"].includes(keyOf(word)) && valuesOf(word).includes("off");
}

/** What a word is about: `intel_iommu` of `intel_iommu=on,sm_on`. */
export function keyOf(word: string): string {
  return parseKernelArgument(word).key;
}

/** The values of a word that may have several: `on` and `sm_on` of `intel_iommu=on,sm_on`. */
export function valuesOf(word: string): string[] {
  return (parseKernelArgument(word).value ?? "").split(",").filter((value) => value !== "");
}
