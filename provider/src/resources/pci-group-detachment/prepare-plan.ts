import type { ChangeStep } from "../../model/change";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import type { PlanResult } from "../definition";
import { planBinding } from "./boot-plan";
import type { PciGroupDetachmentInputs } from "./inputs";
import { describePrepared, driverRecordName, renderDriverRecord, type GroupMember } from "./state";

/** What is prepared while the group of a device is not known. */
export interface Preparation {
  readonly device: PciFunction;
  /** The device and the functions that will probably share its group. */
  readonly functions: readonly PciFunction[];
  readonly prior: readonly GroupMember[];
  readonly warnings: readonly string[];
}

/**
 * Plans that a device and its likely companions are bound by the boot that switches the IOMMU on. Nothing moves before;
 * the first update after that boot knows the group and corrects what was guessed.
 */
export function planPreparation(
  inputs: PciGroupDetachmentInputs,
  facts: HostFacts,
  { device, functions, prior, warnings }: Preparation,
): PlanResult {
  const members = describePrepared(facts, functions, inputs.driver, prior);
  const drivers = members.map(({ previousDriver }) => previousDriver).filter((driver) => driver !== inputs.driver);
  const rivals = [...new Set(drivers)].filter((driver) => driver !== "");
  const boot = planBinding(facts, inputs.device, { device, driver: inputs.driver, functions, rivals });
  if (boot.problems.length > 0) return { outcome: "refused", problems: boot.problems };
  const unnoted = functions.filter((one) => one.driver !== inputs.driver && isUnnoted(facts, one));
  const steps: ChangeStep[] = [
    ...unnoted.map((one): ChangeStep => ({
      kind: "record",
      name: driverRecordName(one.address),
      text: renderDriverRecord(one),
    })),
    ...boot.files,
    ...boot.images,
  ];
  return {
    outcome: "planned",
    steps: boot.steps,
    plan: {
      knownAfterReboot: "the IOMMU group of the device; the first update after the reboot completes what was prepared",
    },
    computed: { group: -1, members, bridges: [] },
    warnings: [
      ...warnings,
      ...boot.warnings,
      `${functions.map((one) => one.address).join(", ")}: prepared for the boot that switches the IOMMU on; a boot without it leaves them without a driver`,
    ],
    ...(boot.steps.length > 0 && {
      change: {
        label: "PciGroupDetachment-prepare",
        expectations: [
          { kind: "boot", bootId: facts.identity.bootId },
          ...functions.map((one) => ({
            kind: "device" as const,
            address: one.address,
            id: one.id,
            driver: one.driver,
          })),
          ...boot.expectations,
        ],
        steps,
      },
    }),
  };
}

/** A function that lost its driver in a boot without IOMMU must not have that noted as its driver. */
function isUnnoted(facts: HostFacts, one: PciFunction): boolean {
  const recorded = facts.records[driverRecordName(one.address)];
  return recorded?.startsWith(`${one.id} `) !== true;
}
