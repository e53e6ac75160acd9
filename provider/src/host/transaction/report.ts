import type { HostFacts } from "../../model/host-facts";
import { parseSnapshot } from "../snapshot/parse";
import { Sections, SnapshotFormatError, splitSections } from "../snapshot/sections";

/** How a transaction ended. `busy`: a package manager is at work. `broken`: a step failed and could not be taken back either. */
export type TransactionOutcome = "done" | "stale" | "busy" | "rolled-back" | "broken";

/** What a transaction says of itself. */
export interface TransactionReport {
  readonly outcome: TransactionOutcome;
  /** Steps begun, in order. */
  readonly steps: readonly string[];
  /** The step that failed, or what turned out to be stale. */
  readonly failedStep?: string;
  readonly reason?: string;
  /** Why domains that had to be started again are still off. */
  readonly notStarted?: string;
  /** What the user has to know although all went well. */
  readonly remarks: readonly string[];
  /** libvirt's XML of node devices, by PCI address. */
  readonly nodes: ReadonlyMap<string, string>;
  /** What guests said of their devices, as it came, by the domain's UUID. */
  readonly guests: ReadonlyMap<string, string>;
  /** The host afterwards. */
  readonly facts: HostFacts;
}

/** Reads the output of a transaction and of the snapshot behind it. */
export function parseReport(output: string, nonce: string): TransactionReport {
  const sections = new Sections(splitSections(output, nonce));
  const outcome = sections.all("result")[0]?.argument;
  if (
    outcome !== "done" &&
    outcome !== "stale" &&
    outcome !== "busy" &&
    outcome !== "rolled-back" &&
    outcome !== "broken"
  ) {
    throw new SnapshotFormatError("the transaction did not say how it ended");
  }
  const failed = sections.all("failed")[0];
  const notStarted = sections.all("not-started")[0]?.body.trim();
  const reason = (failed ?? sections.all("stale")[0] ?? sections.all("busy")[0])?.body.trim();
  return {
    outcome,
    steps: sections.all("step").map((section) => section.argument),
    remarks: sections.all("remark").map((section) => section.body.trim()),
    nodes: new Map(sections.all("node").map((section) => [section.argument, section.body])),
    guests: new Map(sections.all("guest").map((section) => [section.argument, section.body.trim()])),
    facts: parseSnapshot(output, nonce),
    ...(notStarted !== undefined && { notStarted }),
    ...(failed !== undefined && { failedStep: failed.argument }),
    ...(reason !== undefined && { reason }),
  };
}

/** The step that a line of a running transaction announces. */
export function parseStepLine(line: string, nonce: string): string | undefined {
  const prefix = `@@${nonce} step `;
  return line.startsWith(prefix) ? line.slice(prefix.length) : undefined;
}
