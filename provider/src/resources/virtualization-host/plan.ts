import type { Change, ChangeStep } from "../../model/change";
import type { HostFacts } from "../../model/host-facts";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { chooseMode, DAEMONS, isPresent, listIdleUnits, listLacks, preferredMode } from "../../model/packages/daemons";
import type { DryRun, HalfDonePackage, VirtualizationFacts } from "../../model/packages/package-facts";
import type { Json, PlanResult } from "../definition";
import { describeFitness } from "./fitness";
import type { VirtualizationHostInputs } from "./inputs";
import { checkDaemons, checkInstallation, checkManager, TOOLS } from "./refusals";
import {
  BROUGHT_RECORD,
  listBroughtPackages,
  listBroughtUnits,
  parseBrought,
  renderBrought,
  requireVirtualization,
} from "./state";

/** What is to be done with packages. */
interface PackageWork {
  /** Words that the package manager is told. */
  readonly missing: readonly string[];
  readonly dryRun: DryRun | undefined;
  /** An installation of ours that was interrupted, by what it left. */
  readonly halfDone: readonly HalfDonePackage[];
  readonly staleLock: string | undefined;
}

/** Plans which packages come, and which daemons are enabled and started. */
export function planVirtualization(inputs: VirtualizationHostInputs, facts: HostFacts): PlanResult {
  const found = requireVirtualization(facts);
  const mode = chooseMode(found.units, inputs.daemons, found.family);
  const foreign = listForeign(facts, found);
  const work = listWork(facts, found, foreign);
  const hasWork = work.missing.length + work.halfDone.length > 0;
  const problems = [
    ...checkManager(inputs, facts, found),
    ...checkDaemons(found, mode),
    ...(hasWork && found.manager !== undefined ? checkInstallation(facts, found, found.manager, foreign) : []),
  ];
  if (problems.length > 0) return { outcome: "refused", problems };
  const lacks = DAEMONS[mode].flatMap((daemon) => listLacks(found.units, daemon).map((verb) => `${verb} ${daemon}`));
  const isComing = !isPresent(found.units, mode);
  const steps = [
    ...(hasWork ? describeWork(work, found) : []),
    ...lacks,
    ...(isComing
      ? [`enable and start libvirt's daemons (${mode}) as far as the packages do not: ${DAEMONS[mode].join(", ")}`]
      : []),
  ];
  const { connectError, version } = facts.libvirt;
  if (steps.length === 0 && (connectError !== undefined || version === undefined)) return refuseSilence(connectError);
  return {
    outcome: "planned",
    steps,
    plan: {
      packages: (hasWork ? (work.dryRun?.changes ?? []) : []).map(({ action, name, version: comes }): Json => ({
        action,
        name,
        version: comes,
      })),
      services: isComing || lacks.length > 0 ? [...DAEMONS[mode]] : [],
    },
    computed:
      steps.length === 0 || (connectError === undefined && version !== undefined) ? { connectUri: SYSTEM_URI } : {},
    warnings: [...describeFitness(facts, found), ...warnOfUpgrades(work), ...warnOfForeign(hasWork ? [] : foreign)],
    ...(steps.length > 0 && {
      change: changeOf(inputs, facts, found, hasWork ? work : undefined, lacks.length > 0 || isComing),
    }),
  };
}

function refuseSilence(connectError: string | undefined): PlanResult {
  const reason =
    connectError === undefined
      ? "all packages are installed, but there is no virsh among them; name the package that has it (Debian: libvirt-clients)"
      : `libvirt's daemons run, but it does not answer: ${connectError}; look at their log (journalctl -u libvirtd -u virtqemud)`;
  return { outcome: "refused", problems: [{ property: "host", reason }] };
}

/** Half-done packages that we did not bring. One that waits for the triggers of others is as good as installed. */
function listForeign(facts: HostFacts, found: VirtualizationFacts): HalfDonePackage[] {
  const ours = parseBrought(facts).packages;
  return found.halfDone.filter(({ name, state }) => !ours.includes(name) && !/^.[Wt]/.test(state));
}

function listWork(facts: HostFacts, found: VirtualizationFacts, foreign: readonly HalfDonePackage[]): PackageWork {
  const installed = new Set(found.installed.map(({ name }) => name));
  const missing = found.requested.filter((word) => !installed.has(word));
  const halfDone = found.halfDone.filter((one) => !foreign.includes(one) && !/^.[Wt]/.test(one.state));
  const isHeld = facts.activity.packageManagers.some(({ lock }) => lock === found.staleLock);
  // A group is never seen as installed; that nothing would come for it says so.
  const isDone =
    found.dryRun?.outcome === "possible" && !found.dryRun.changes.some(({ action }) => action === "install");
  return {
    missing: isDone ? [] : missing,
    dryRun: found.dryRun,
    halfDone,
    staleLock: isHeld ? undefined : found.staleLock,
  };
}

function describeWork(
  { missing, dryRun, halfDone, staleLock }: PackageWork,
  { manager = "apt" }: VirtualizationFacts,
): string[] {
  const coming = (dryRun?.changes ?? []).filter(({ action }) => action === "install").length;
  return [
    ...(halfDone.length > 0
      ? [`finish the interrupted installation of ${halfDone.map(({ name }) => name).join(", ")}`]
      : []),
    ...(staleLock !== undefined ? [`take away ${staleLock}, which no package manager holds any more`] : []),
    ...(missing.length > 0
      ? [
          `install ${missing.join(", ")} with ${TOOLS[manager]}: ${coming} ${coming === 1 ? "package" : "packages"} with what they need`,
        ]
      : []),
  ];
}

function warnOfUpgrades({ missing, dryRun }: PackageWork): string[] {
  const names = (dryRun?.changes ?? [])
    .filter(({ action }) => action === "upgrade" || action === "downgrade")
    .map(({ name }) => name);
  return missing.length === 0 || names.length === 0
    ? []
    : [
        `packages that are installed already change their version with it, and stay so when this resource is deleted: ${names.join(", ")}`,
      ];
}

function warnOfForeign(foreign: readonly HalfDonePackage[]): string[] {
  return foreign.length === 0
    ? []
    : [
        `an earlier run of dpkg was interrupted at ${foreign.map(({ name }) => name).join(", ")}; finish it with dpkg --configure -a`,
      ];
}

function changeOf(
  inputs: VirtualizationHostInputs,
  facts: HostFacts,
  found: VirtualizationFacts,
  work: PackageWork | undefined,
  needsDaemons: boolean,
): Change {
  const brings = (work?.dryRun?.changes ?? []).filter(({ action }) => action === "install").map(({ name }) => name);
  const ours = [...listBroughtPackages(facts), ...(work?.halfDone ?? []).map(({ name }) => name), ...brings];
  const units = [...listBroughtUnits(facts), ...listIdleUnits(found.units)];
  const { timeoutSeconds } = inputs;
  return {
    label: "VirtualizationHost",
    expectations: [
      { kind: "boot", bootId: facts.identity.bootId },
      ...(work?.dryRun === undefined ? [] : [{ kind: "packages", sha256: work.dryRun.sha256 } as const]),
    ],
    steps: [
      { kind: "record", name: BROUGHT_RECORD, text: renderBrought({ packages: [...new Set(ours)].sort(), units }) },
      ...(work === undefined ? [] : packageSteps(work, brings, timeoutSeconds)),
      ...(needsDaemons
        ? [{ kind: "enable-daemons", mode: inputs.daemons, preferred: preferredMode(found.family) } as const]
        : []),
    ],
  };
}

function packageSteps(
  { missing, halfDone, staleLock }: PackageWork,
  brings: readonly string[],
  timeoutSeconds: number,
): ChangeStep[] {
  return [
    ...(halfDone.length > 0 || staleLock !== undefined ? [{ kind: "repair-packages", timeoutSeconds } as const] : []),
    { kind: "install-packages", packages: missing, brings, timeoutSeconds },
  ];
}
