import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "@jest/globals";
import { SimulatedHost, type SimulatedHostOptions } from "pulumi-passthrough/testing";

/** Starts hosts for the tests of a file and stops them after each test. */
export function useHosts(): (options?: SimulatedHostOptions) => Promise<SimulatedHost> {
  let running: SimulatedHost[] = [];
  afterEach(async () => {
    await Promise.all(running.map((host) => host.stop()));
    running = [];
  });
  return async (options = {}) => {
    const host = await SimulatedHost.start({ rebootMs: 20, ...options });
    running.push(host);
    return host;
  };
}

/** Every file of /boot and /etc: what a delete brings back byte for byte. */
export function readBootFiles(host: SimulatedHost): Record<string, string> {
  const files: Record<string, string> = {};
  for (const folder of ["boot", "etc"]) {
    for (const entry of readdirSync(join(host.root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const real = join(entry.parentPath, entry.name);
      const text = readIfThere(real);
      if (text !== undefined) files[real.slice(host.root.length)] = text;
    }
  }
  return files;
}

/** A change may go on while we look: a file that it has just taken away is none. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Paths whose bytes differ between two readings. */
export function listDifferences(before: Record<string, string>, after: Record<string, string>): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path]).sort();
}

/** What was written since `host.mark()`, files and calls of tools alike. */
export function allWrites(host: SimulatedHost, callsBefore: number): string[] {
  return [...host.writtenFiles().map((change) => `${change.kind} ${change.path}`), ...host.writes.slice(callsBefore)];
}

/** Fails when anything at all is written on the host while the work goes on. */
export async function expectNoWrites<T>(host: SimulatedHost, work: () => Promise<T>): Promise<T> {
  host.mark();
  const calls = host.counters.writes;
  const result = await work();
  const writes = allWrites(host, calls);
  if (writes.length > 0) throw new Error(`written on the host:\n${writes.join("\n")}`);
  return result;
}

/** A domain's stored XML with its secrets. */
export function readDomain(host: SimulatedHost, name: string): string {
  return host.domainXml(name, { withSecrets: true });
}

/** The host's name in messages. */
export function labelOf(host: SimulatedHost): string {
  const { user = "", address, port = 22 } = host.connection;
  return `${user}@${address}:${port}`;
}
