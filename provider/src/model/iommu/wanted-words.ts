import type { HostFacts } from "../host-facts";
import { parseCommandLine, type KernelArgumentEdit } from "../kernel/command-line";
import { usesIntelByDefault } from "./kernel-support";
import { isIommuOff, keyOf, valuesOf } from "./words";

/** What a user wants of the command line beside an IOMMU that is on. */
export interface WordWishes {
  /** How devices that stay with the host use the IOMMU; undefined leaves it as it is. */
  readonly mode?: "passthrough" | "translated" | undefined;
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

/** Nothing but an IOMMU that is on. */
export const NO_WISHES: WordWishes = { present: [], absent: [] };

/** Decides which words switch a host's IOMMU on, from the firmware's tables and the kernel's configuration. */
export function wantIommuWords(facts: HostFacts, wishes: WordWishes): KernelArgumentEdit {
  const words = listBootWords(facts);
  const [hasDmar, hasIort] = [facts.firmware.tables.includes("DMAR"), facts.firmware.tables.includes("IORT")];
  const mode = modeWord(wishes.mode, hasIort);
  const present = [
    ...(hasDmar ? intelWords(facts, words) : []),
    ...(mode === undefined ? [] : [mode]),
    ...wishes.present,
  ];
  const off = words.filter((word) => isIommuOff(word) && !present.some((other) => keyOf(other) === keyOf(word)));
  return { present: [...new Set(present)], absent: [...new Set([...off, ...wishes.absent])] };
}

function modeWord(mode: WordWishes["mode"], isArm: boolean): string | undefined {
  if (mode === undefined) return undefined;
  if (isArm) return mode === "passthrough" ? "iommu.passthrough=1" : "iommu.passthrough=0";
  return mode === "passthrough" ? "iommu=pt" : "iommu=nopt";
}

/** Every word that the host boots or would boot with. */
function listBootWords(facts: HostFacts): string[] {
  const lines = [
    facts.kernel.commandLine,
    ...(facts.boot.grubConfig?.entries ?? []).filter((entry) => !entry.isRecovery).map((entry) => entry.commandLine),
  ];
  return [...new Set(lines.flatMap(parseCommandLine))];
}

/** Intel's IOMMU is on by itself only in kernels that were built so. Once a word speaks of it, that word must say "on". */
function intelWords(facts: HostFacts, words: readonly string[]): string[] {
  const said = words.filter((word) => keyOf(word) === "intel_iommu");
  if (usesIntelByDefault(facts) && said.length === 0) return [];
  const kept = said.flatMap((word) => valuesOf(word)).filter((value) => value !== "on" && value !== "off");
  return [`intel_iommu=${["on", ...new Set(kept)].join(",")}`];
}
