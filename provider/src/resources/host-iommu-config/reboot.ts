import type { ChangeStep } from "../../model/change";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { describeInhibitor, describePackageManager, describeSession } from "../../model/reboot/activity";
import type { DomainName, RebootConditions } from "../../model/reboot/conditions";
import { listDomainsToStart, listNames, planDomainStart } from "../../model/reboot/domain-record";
import { findNextKernel, hasLostModules } from "../../model/reboot/next-kernel";
import type { JsonObject, PlannedReboot, Problem } from "../definition";
import type { HostIommuConfigInputs } from "./inputs";

type RebootInputs = HostIommuConfigInputs["reboot"];

/** What asks for a reboot, and what comes before it. */
export interface RebootRequest {
  readonly settings: RebootInputs;
  /** Why the host would have to be rebooted; none: it need not be. */
  readonly reasons: readonly string[];
  /** What the user says to this reboot. */
  readonly isAllowed: boolean;
  /** The steps of the change that comes before it. */
  readonly bootSteps: readonly ChangeStep[];
}

/** What a plan says about a reboot, or why it may not be done now. */
export type RebootPlan = GrantedReboot | { readonly problems: readonly Problem[] };

/** A reboot that may be done, or none at all. */
export interface GrantedReboot {
  /** In words: what is shut down before the reboot. */
  readonly shutDown: readonly string[];
  /** In words: what is started after it, or after one that was interrupted. */
  readonly startAgain: readonly string[];
  readonly warnings: readonly string[];
  /** Further members of the output `plan`. */
  readonly shown: JsonObject;
  /** Starts domains that an earlier, interrupted reboot left off; it belongs to the end of the change. */
  readonly start: readonly ChangeStep[];
  /** Absent when no reboot is needed or allowed. */
  readonly reboot?: PlannedReboot;
}

/** Decides on a reboot. What stands in its way now is refused at the input that could allow it. */
export function planReboot(facts: HostFacts, request: RebootRequest): RebootPlan {
  const { settings, reasons, isAllowed, bootSteps } = request;
  const willReboot = isAllowed && reasons.length > 0;
  const busy = refusePackageManager(facts, bootSteps, willReboot);
  const kernel = reasons.length === 0 ? undefined : describeKernelChange(facts);
  const warnings = kernel === undefined ? [] : [kernel.text];
  const shown: JsonObject = kernel === undefined ? {} : { kernelAfterReboot: kernel.next };
  if (!willReboot) {
    if (busy.length > 0) return { problems: busy };
    return { ...withoutReboot(facts), warnings, shown };
  }
  const problems = [...busy, ...refuseDomains(settings, facts, reasons), ...refuseUsers(settings, facts, reasons)];
  if (problems.length > 0) return { problems };
  const conditions = renderConditions(settings, facts);
  return {
    ...describeDomains(conditions, facts),
    warnings: [...warnings, ...warnOfIgnored(settings, facts)],
    shown: {
      ...shown,
      ...(conditions.domains.length > 0 && { shutsDown: conditions.domains.map(({ name }) => name) }),
    },
    start: [],
    reboot: { timeoutSeconds: settings.timeoutSeconds, conditions },
  };
}

/** What is left to do of an earlier reboot when there is none now. */
export function withoutReboot(facts: HostFacts): GrantedReboot {
  const waiting = listDomainsToStart(facts);
  const startAgain = waiting.length === 0 ? [] : [`start ${listNames(waiting)}, shut down for an earlier reboot`];
  return { shutDown: [], startAgain, warnings: [], shown: {}, start: planDomainStart(facts) };
}

/** Under a package manager at work no boot menu is generated and no host rebooted. */
function refusePackageManager(facts: HostFacts, steps: readonly ChangeStep[], willReboot: boolean): Problem[] {
  const [found] = facts.activity.packageManagers;
  const doesGenerate = steps.some((step) => step.kind === "generate");
  if (found === undefined || !(doesGenerate || willReboot)) return [];
  const what = doesGenerate ? "the boot menu would be generated" : "the host would be rebooted";
  const reason = `a package manager is at work, and ${what} under it: ${describePackageManager(found)}. Wait until it has ended, then run again`;
  return [{ property: "host", reason }];
}

function listActive(facts: HostFacts): readonly DomainFacts[] {
  return facts.libvirt.domains.filter((domain) => domain.liveXml !== undefined);
}

function refuseDomains(settings: RebootInputs, facts: HostFacts, reasons: readonly string[]): Problem[] {
  const why = reasons.join("; ");
  const active = listActive(facts);
  if (facts.libvirt.connectError !== undefined) {
    const reason = `a reboot is needed (${why}), but libvirt does not answer, so nobody can tell which domains it would stop: ${facts.libvirt.connectError}. Start libvirt's daemon, or set reboot.policy to "never" and reboot when it suits`;
    return [{ property: "reboot.runningDomains", reason }];
  }
  if (settings.runningDomains === "refuse") {
    if (active.length === 0) return [];
    const reason = `a reboot is needed (${why}), but ${listNames(active)} ${active.length === 1 ? "is" : "are"} running and would be stopped. Shut the domains down first, set reboot.runningDomains to "shutdown" to have that done, or set reboot.policy to "never" and reboot when it suits`;
    return [{ property: "reboot.runningDomains", reason }];
  }
  return active.flatMap(({ name, state }): Problem[] => {
    if (state === "running") return [];
    const reason =
      state === "transient"
        ? `the domain ${name} has no stored definition, so it could not be started again after the reboot. Define it (virsh define) or end it first`
        : `the domain ${name} is ${state} and cannot shut down by itself. Resume it (virsh resume) or end it first`;
    return [{ property: "reboot.runningDomains", reason }];
  });
}

function refuseUsers(settings: RebootInputs, facts: HostFacts, reasons: readonly string[]): Problem[] {
  const { sessions, inhibitors } = facts.activity;
  const why = `a reboot is needed (${reasons.join("; ")})`;
  const problems: Problem[] = [];
  if (settings.loggedInUsers === "refuse" && sessions.length > 0) {
    const reason = `${why}, but somebody is logged in: ${sessions.map(describeSession).join("; ")}. Ask them to log out, or set reboot.loggedInUsers to "ignore"`;
    problems.push({ property: "reboot.loggedInUsers", reason });
  }
  if (settings.inhibitors === "refuse" && inhibitors.length > 0) {
    const reason = `${why}, but a shutdown is inhibited by ${inhibitors.map(describeInhibitor).join("; ")}. Wait until that has ended, or set reboot.inhibitors to "ignore"`;
    problems.push({ property: "reboot.inhibitors", reason });
  }
  return problems;
}

function renderConditions(settings: RebootInputs, facts: HostFacts): RebootConditions {
  const { loggedInUsers, inhibitors, domainShutdownTimeoutSeconds } = settings;
  const domains = listActive(facts).map(({ uuid, name }): DomainName => ({ uuid, name }));
  return { loggedInUsers, inhibitors, domains, domainShutdownTimeoutSeconds };
}

function describeDomains(
  conditions: RebootConditions,
  facts: HostFacts,
): Pick<GrantedReboot, "shutDown" | "startAgain"> {
  const { domains, domainShutdownTimeoutSeconds } = conditions;
  const waiting = listDomainsToStart(facts).filter((one) => !domains.some(({ uuid }) => uuid === one.uuid));
  const again = [...[...domains].reverse(), ...waiting];
  const manner = `${domains.length === 1 ? "" : "one after another, each "}within ${domainShutdownTimeoutSeconds} s`;
  return {
    shutDown: domains.length === 0 ? [] : [`shut down ${listNames(domains)}, ${manner}`],
    startAgain: again.length === 0 ? [] : [`start ${listNames(again)} again`],
  };
}

function warnOfIgnored(settings: RebootInputs, { activity }: HostFacts): string[] {
  return [
    ...(settings.loggedInUsers === "ignore"
      ? activity.sessions.map((one) => `the reboot will end the session of ${describeSession(one)}`)
      : []),
    ...(settings.inhibitors === "ignore"
      ? activity.inhibitors.map((one) => `the reboot will not wait for ${describeInhibitor(one)}`)
      : []),
  ];
}

/** A kernel upgrade that waits for a reboot comes with the one that we ask for. */
function describeKernelChange(facts: HostFacts): { readonly next: string; readonly text: string } | undefined {
  const { release } = facts.kernel;
  const next = findNextKernel(facts);
  if (next === undefined || next === release) return undefined;
  const lost = hasLostModules(facts)
    ? `; the modules of ${release} are gone from the disk already, so that nothing that is not loaded can be loaded before the reboot`
    : "";
  return { next, text: `the reboot will also change the kernel, from ${release} to ${next}${lost}` };
}
