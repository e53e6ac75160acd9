import type { HostFacts } from "../../model/host-facts";
import { findMissingOption } from "../../model/iommu/kernel-support";
import { wantIommuWords } from "../../model/iommu/wanted-words";
import { isIommuOff, keyOf } from "../../model/iommu/words";
import type { KernelArgumentEdit } from "../../model/kernel/command-line";
import type { Problem } from "../definition";
import type { HostIommuConfigInputs } from "./inputs";

/** Words that a host needs, or why none would help. */
export type WantedArguments = { readonly edit: KernelArgumentEdit } | { readonly problems: readonly Problem[] };

/** Decides which words the command line needs: from firmware tables and the kernel's configuration, never from the vendor. */
export function decideArguments(inputs: HostIommuConfigInputs, facts: HostFacts): WantedArguments {
  const problems = [...checkFirmware(facts), ...checkConflicts(inputs)];
  if (problems.length > 0) return { problems };
  return { edit: wantIommuWords(facts, { mode: inputs.mode, ...inputs.kernelArguments }) };
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
  const missing = findMissingOption(facts);
  if (missing === undefined) return [];
  return [
    {
      property: "host",
      reason: `the running kernel ${facts.kernel.release} is built without ${missing}, so no command line can switch its IOMMU on; boot a kernel that has it`,
    },
  ];
}

/** A user's word must not contradict what the resource is for. */
function checkConflicts(inputs: HostIommuConfigInputs): Problem[] {
  const mode = inputs.mode === undefined ? undefined : "iommu";
  return inputs.kernelArguments.present.flatMap((word, i) => {
    const property = `kernelArguments.present[${i}]`;
    if (isIommuOff(word))
      return [
        {
          property,
          reason: `${word} switches the IOMMU off, which this resource switches on; leave the word out, or the whole resource`,
        },
      ];
    if (keyOf(word) === mode)
      return [
        { property, reason: `${word} contradicts mode ${JSON.stringify(inputs.mode)}, which sets ${mode} itself` },
      ];
    return [];
  });
}
