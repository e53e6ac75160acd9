import { HostError } from "../model/errors";
import {
  describeInhibitor,
  describePackageManager,
  describeSession,
  type ActivityFacts,
} from "../model/reboot/activity";
import type { RebootConditions } from "../model/reboot/conditions";
import { listNames, parseDomainLines } from "../model/reboot/domain-record";
import { parseActivity } from "./snapshot/parse-activity";
import { lines, Sections, splitSections } from "./snapshot/sections";

/** How the command that reboots a host ended. */
export type RebootReport =
  /** The host goes down, or somebody else has rebooted it since it was read. */
  | { readonly outcome: "rebooting" }
  /** It is in use; the fields say by whom. */
  | { readonly outcome: "busy"; readonly activity: ActivityFacts; readonly domains: readonly string[] }
  /** A domain did not end; those that had were started again, but for what `failure` says. */
  | {
      readonly outcome: "stuck";
      readonly domain: string;
      readonly reason: string;
      readonly startedAgain: string;
      readonly failure?: string;
    }
  | { readonly outcome: "failed"; readonly step: string; readonly reason: string };

/** Reads what reboot.sh printed. */
export function parseRebootReport(output: string, nonce: string): RebootReport {
  const sections = new Sections(splitSections(output, nonce));
  const busy = sections.all("busy")[0];
  if (busy !== undefined) {
    const rows = lines(busy.body);
    const domains = rows.flatMap((row) => (row.startsWith("domain\t") ? [row.slice("domain\t".length)] : []));
    return { outcome: "busy", activity: parseActivity(rows), domains };
  }
  const stuck = sections.all("stuck")[0];
  if (stuck !== undefined) return parseStuck(lines(stuck.body));
  const result = sections.all("result")[0]?.argument;
  if (result === "rebooting" || result === "already") return { outcome: "rebooting" };
  const failed = sections.all("failed")[0];
  return { outcome: "failed", step: failed?.argument ?? "", reason: failed?.body.trim() ?? "the host did not say why" };
}

function parseStuck([first = "", ...rest]: readonly string[]): RebootReport {
  const [domain = "", reason = ""] = first.split("\t");
  const failure = rest.find((row) => row.startsWith("failed\t"))?.slice("failed\t".length);
  const startedAgain = listNames(parseDomainLines(rest.join("\n")));
  return { outcome: "stuck", domain, reason, startedAgain, ...(failure !== undefined && { failure }) };
}

/** The error of a host that was not rebooted; undefined for one that is. */
export function rebootError(host: string, report: RebootReport, conditions: RebootConditions): HostError | undefined {
  switch (report.outcome) {
    case "rebooting":
      return undefined;
    case "busy":
      return new HostError({
        host,
        what: `it was not rebooted, since it is in use now: ${describeUse(report.activity, report.domains)}`,
        next: "wait until that has ended, or end it, then run again; what is written already stays and takes effect at the next boot",
      });
    case "stuck":
      return new HostError({
        host,
        what: `it was not rebooted: the domain ${report.domain} ${report.reason}${describeStart(report)}`,
        next: `shut ${report.domain} down by hand or raise reboot.domainShutdownTimeoutSeconds (${conditions.domainShutdownTimeoutSeconds} s now), then run again`,
      });
    case "failed":
      return new HostError({
        host,
        what: `it was not rebooted: ${report.reason}`,
        next:
          report.step === "lock"
            ? "wait until that has ended, then run again"
            : "mend the cause and run again, or reboot the host by hand",
      });
  }
}

function describeStart(report: RebootReport & { outcome: "stuck" }): string {
  if (report.failure !== undefined) return `; of those that had shut down, ${report.failure}; the next run tries again`;
  return report.startedAgain === "" ? "" : `; those that had shut down were started again: ${report.startedAgain}`;
}

function describeUse({ sessions, inhibitors, packageManagers }: ActivityFacts, domains: readonly string[]): string {
  return [
    ...packageManagers.map((one) => `a package manager is at work: ${describePackageManager(one)}`),
    ...domains.map((name) => `the domain ${name} is active and was not in the plan`),
    ...sessions.map((one) => `logged in: ${describeSession(one)}`),
    ...inhibitors.map((one) => `a shutdown is inhibited by ${describeInhibitor(one)}`),
  ].join("; ");
}
