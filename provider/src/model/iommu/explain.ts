import type { HostFacts } from "../host-facts";
import { parseCommandLine } from "../kernel/command-line";
import { joinWords } from "../pci/describe";
import { isIommuActive } from "./active";
import { findMissingOption, iommuOption, usesIntelByDefault } from "./kernel-support";
import { isIommuOff, keyOf, valuesOf } from "./words";

/**
 * What decides whether the IOMMU is in use: it is; the firmware announces none; the kernel has no driver for it; a word
 * switches it off; no word switches it on, which this kernel needs; or nothing of all that, and still it is not.
 */
export type IommuCause = "active" | "firmware" | "kernel" | "switched-off" | "not-switched-on" | "no-effect";

/** Why an IOMMU is in use or not. */
export interface IommuExplanation {
  readonly cause: IommuCause;
  /** The same in one sentence. */
  readonly because: string;
}

/** Explains by what sysfs shows first, then by firmware, kernel and the command line it was booted with. */
export function explainIommu(facts: HostFacts): IommuExplanation {
  const announced = `The firmware announces an IOMMU (${facts.firmware.tables.join(", ")})`;
  const words = parseCommandLine(facts.kernel.commandLine);
  if (isIommuActive(facts)) return { cause: "active", because: explainUse(facts, words) };
  if (facts.firmware.tables.length === 0) {
    const because =
      "The firmware announces no IOMMU (there is no DMAR, IVRS or IORT table): it is switched off in the firmware's menu, or the machine has none.";
    return { cause: "firmware", because };
  }
  const missing = findMissingOption(facts);
  if (missing !== undefined) {
    const because = `${announced}, but the running kernel ${facts.kernel.release} is built without ${missing}.`;
    return { cause: "kernel", because };
  }
  const off = words.filter(isIommuOff);
  if (off.length > 0) {
    return { cause: "switched-off", because: `${announced}, but the kernel was booted with ${joinWords(off)}.` };
  }
  const lacking = explainDefault(facts, words);
  if (lacking !== undefined) return { cause: "not-switched-on", because: `${announced}, but ${lacking}.` };
  return { cause: "no-effect", because: `${announced} and nothing switches it off, but ${explainNothing(facts)}.` };
}

function explainUse(facts: HostFacts, words: readonly string[]): string {
  const { units, groups } = facts.iommu;
  const asked = words.filter((word) => keyOf(word) === "intel_iommu" && valuesOf(word).includes("on"));
  const because =
    asked.length > 0
      ? `the kernel was booted with ${joinWords(asked)}`
      : `the kernel ${facts.kernel.release} uses it by itself`;
  const tables =
    facts.firmware.tables.length === 0
      ? "The firmware announces it in no table that is known"
      : `The firmware announces it (${facts.firmware.tables.join(", ")})`;
  const [noun, group] = [units.length === 1 ? "unit" : "units", groups.length === 1 ? "group" : "groups"];
  return `${tables}, ${because}, and sysfs shows ${noun} ${joinWords(units)} with ${groups.length} ${group}.`;
}

/** Why Intel's stays off where no word speaks of it; every other is used by itself. */
function explainDefault(facts: HostFacts, words: readonly string[]): string | undefined {
  if (iommuOption(facts) !== "CONFIG_INTEL_IOMMU" || usesIntelByDefault(facts)) return undefined;
  if (words.some((word) => keyOf(word) === "intel_iommu" && valuesOf(word).includes("on"))) return undefined;
  const isKnown = facts.kernel.config["CONFIG_INTEL_IOMMU_DEFAULT_ON"] !== undefined;
  const built = isKnown
    ? `the kernel ${facts.kernel.release} leaves it off by default (CONFIG_INTEL_IOMMU_DEFAULT_ON is not set)`
    : `the kernel ${facts.kernel.release} does not say how it was built`;
  return `${built} and was booted without intel_iommu=on`;
}

function explainNothing({ iommu: { units } }: HostFacts): string {
  return units.length > 0
    ? `the kernel shows ${joinWords(units)} without any group (/sys/kernel/iommu_groups is empty)`
    : "the kernel shows none (/sys/class/iommu and /sys/kernel/iommu_groups are empty)";
}
