import type { HostFacts } from "../../model/host-facts";
import { parseCommandLine, parseKernelArgument, type KernelArgumentEdit } from "../../model/kernel/command-line";
import type { Problem } from "../definition";
import type { HostIommuConfigInputs } from "./inputs";

/** Words that a host needs, or why none would help. */
export type WantedArguments = { readonly edit: KernelArgumentEdit } | { readonly problems: readonly Problem[] };

/** Decides which words the command line needs: from firmware tables and the kernel's configuration, never from the vendor. */
export function decideArguments(inputs: HostIommuConfigInputs, facts: HostFacts): WantedArguments {
  const problems = [...checkFirmware(facts), ...checkConflicts(inputs)];
  if (problems.length > 0) return { problems };
  const words = allWords(facts);
  const [hasDmar, hasIort] = [facts.firmware.tables.includes("DMAR"), facts.firmware.tables.includes("IORT")];
  const mode = modeWord(inputs.mode, hasIort);
  const present = [
    ...(hasDmar ? intelWords(facts, words) : []),
    ...(mode === undefined ? [] : [mode]),
    ...inputs.kernelArguments.present,
  ];
  const off = words.filter((word) => isOff(word) && !present.some((other) => keyOf(other) === keyOf(word)));
  return { edit: { present: [...new Set(present)], absent: [...new Set([...off, ...inputs.kernelArguments.absent])] } };
}

function checkFirmware(facts: HostFacts): Problem[] {
  const { tables } = facts.firmware;
  if (tables.length === 0) {
    return [
      {
        property: "host",
        reason:
          "the firmware announces no IOMMU (no DMAR, IVRS or IORT table): it is switched off there, or the machine has none. " +
          "Switch it on in the firmware's menu (Intel: VT-d; AMD: IOMMU or AMD-Vi), then run again. Nothing was changed",
      },
    ];
  }
  const option = tables.includes("DMAR")
    ? "CONFIG_INTEL_IOMMU"
    : tables.includes("IVRS")
      ? "CONFIG_AMD_IOMMU"
      : "CONFIG_ARM_SMMU_V3";
  if (facts.kernel.config[option] !== "n") return [];
  return [
    {
      property: "host",
      reason: `the running kernel ${facts.kernel.release} is built without ${option}, so no command line can switch its IOMMU on; boot a kernel that has it`,
    },
  ];
}

/** A user's word must not contradict what the resource is for. */
function checkConflicts(inputs: HostIommuConfigInputs): Problem[] {
  const mode = inputs.mode === undefined ? undefined : "iommu";
  return inputs.kernelArguments.present.flatMap((word, i) => {
    const property = `kernelArguments.present[${i}]`;
    if (isOff(word)) return [{ property, reason: `${word} switches the IOMMU off, which this resource switches on` }];
    if (keyOf(word) === mode)
      return [
        { property, reason: `${word} contradicts mode ${JSON.stringify(inputs.mode)}, which sets ${mode} itself` },
      ];
    return [];
  });
}

function modeWord(mode: HostIommuConfigInputs["mode"], isArm: boolean): string | undefined {
  if (mode === undefined) return undefined;
  if (isArm) return mode === "passthrough" ? "iommu.passthrough=1" : "iommu.passthrough=0";
  return mode === "passthrough" ? "iommu=pt" : "iommu=nopt";
}

/** Every word that the host boots or would boot with. */
function allWords(facts: HostFacts): string[] {
  const lines = [
    facts.kernel.commandLine,
    ...(facts.boot.grubConfig?.entries ?? []).filter((entry) => !entry.isRecovery).map((entry) => entry.commandLine),
  ];
  return [...new Set(lines.flatMap(parseCommandLine))];
}

/**
 * Intel's IOMMU is on by itself only in kernels that were built so (Debian's leave the integrated GPU out, which is fine
 * for every other device). Once a word says something about it, that word must say "on".
 */
function intelWords(facts: HostFacts, words: readonly string[]): string[] {
  const { config } = facts.kernel;
  const isDefault =
    config["CONFIG_INTEL_IOMMU_DEFAULT_ON"] === "y" || config["CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF"] === "y";
  const said = words.filter((word) => keyOf(word) === "intel_iommu");
  if (isDefault && said.length === 0) return [];
  const kept = said.flatMap((word) => valuesOf(word)).filter((value) => value !== "on" && value !== "off");
  return [`intel_iommu=${["on", ...new Set(kept)].join(",")}`];
}

function keyOf(word: string): string {
  return parseKernelArgument(word).key;
}

function valuesOf(word: string): string[] {
  return (parseKernelArgument(word).value ?? "").split(",").filter((value) => value !== "");
}

function isOff(word: string): boolean {
  return ["intel_iommu", "amd_iommu", "iommu"].includes(keyOf(word)) && valuesOf(word).includes("off");
}
