import type { HostFacts } from "../../model/host-facts";
import { describePackageManager } from "../../model/reboot/activity";
import type { PlanResult, Problem } from "../definition";
import type { VirtualizationHostInputs } from "./inputs";
import { BROUGHT_RECORD, listBroughtPackages, listBroughtUnits } from "./state";

/** Plans what goes with the resource: nothing but the note, unless the user asked for more. */
export function planVirtualizationRemoval(inputs: VirtualizationHostInputs, facts: HostFacts): PlanResult {
  const packages = inputs.removeOnDelete ? listBroughtPackages(facts) : [];
  const units = inputs.removeOnDelete ? listBroughtUnits(facts) : [];
  const problems = checkRemoval(facts, packages, units);
  if (problems.length > 0) return { outcome: "refused", problems };
  const { timeoutSeconds } = inputs;
  const hasNote = BROUGHT_RECORD in facts.records;
  return {
    outcome: "planned",
    steps: [
      ...(units.length > 0 ? [`disable ${units.join(", ")}`] : []),
      ...(packages.length > 0 ? [`remove ${packages.join(", ")} as far as nothing else needs them`] : []),
    ],
    plan: {},
    computed: {},
    warnings: [],
    ...(hasNote && {
      change: {
        label: "VirtualizationHost",
        expectations: [{ kind: "boot", bootId: facts.identity.bootId }],
        steps: [
          ...(units.length > 0 ? [{ kind: "disable-daemons", units } as const] : []),
          ...(packages.length > 0 ? [{ kind: "remove-packages", packages, timeoutSeconds } as const] : []),
          { kind: "forget", name: BROUGHT_RECORD },
        ],
      },
    }),
  };
}

function checkRemoval(facts: HostFacts, packages: readonly string[], units: readonly string[]): Problem[] {
  if (packages.length + units.length === 0) return [];
  const running = facts.libvirt.domains.filter(({ liveXml }) => liveXml !== undefined).map(({ name }) => name);
  if (running.length > 0) {
    const reason = `guests run: ${running.join(", ")}; shut them down before libvirt goes, or set removeOnDelete to false`;
    return [{ property: "removeOnDelete", reason }];
  }
  const { packageManagers } = facts.activity;
  if (packages.length === 0 || packageManagers.length === 0) return [];
  const who = packageManagers.map(describePackageManager).join(", ");
  return [
    { property: "host", reason: `a package manager is at work: ${who}; wait until it has ended, then run again` },
  ];
}
