import { join } from "node:path";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { CheckFailure, inRun, Resource, type Run } from "./driver";
import type { ErrorCase } from "./error-cases";
import { labelOf, listDifferences, readBootFiles, readDomain } from "./hosts";

/** What an `up` that fails says, and what it wrote. */
export interface Attempt {
  /** Where it failed: the check, which previews run too, or the change itself. */
  readonly phase: "check" | "create" | "none";
  readonly messages: readonly string[];
  readonly written: readonly string[];
}

/** Tries to create what a row declares. */
export async function tryUp(host: SimulatedHost, row: ErrorCase): Promise<Attempt> {
  const inputs = { host: { ...host.connection, ...row.host?.(host) }, ...row.inputs };
  const before = readAll(host);
  const calls = host.counters.writes;
  const error: unknown = await inRun((run: Run) => new Resource(row.kind).up(run, inputs)).catch(
    (reason: unknown) => reason,
  );
  const written = [...listDifferences(before, readAll(host)), ...host.writes.slice(calls)];
  if (error instanceof CheckFailure)
    return { phase: "check", messages: error.problems.map((text) => withoutHost(text, host)), written };
  if (error instanceof Error) return { phase: "create", messages: [withoutHost(error.message, host)], written };
  return { phase: "none", messages: [], written };
}

/** Names stand for what differs from host to host. */
function withoutHost(text: string, host: SimulatedHost): string {
  return text
    .replaceAll(labelOf(host), "HOST")
    .replaceAll(`[127.0.0.1]:${host.connection.port ?? 22}`, "HOST")
    .replaceAll(/SHA256:[\w+/]{43}/g, "FINGERPRINT")
    .replaceAll(/AAAA[\w+/=]{40,}/g, "PUBLICKEY")
    .replaceAll(join(host.root, "..", "bin"), "BIN");
}

function readAll(host: SimulatedHost): Record<string, string> {
  return { ...readBootFiles(host), ...readDomains(host) };
}

function readDomains(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(
    ["guest", "win11"].flatMap((name) => {
      try {
        return [[`domain ${name}`, readDomain(host, name)]];
      } catch {
        // This machine has no libvirt.
        return [];
      }
    }),
  );
}
