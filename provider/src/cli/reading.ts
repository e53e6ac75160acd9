import { readSnapshot, takeSnapshot } from "../host/snapshot/take";
import { describeHost, readHostSettings, type HostConnection } from "../model/connection";
import type { HostFacts } from "../model/host-facts";
import { ShellPool } from "../transport/pool";
import { CommandError, describeFailure, type Failure } from "./failure";
import { StatusLine } from "./status-line";
import type { Terminal } from "./terminal";

/** Hosts read at once: more gain nothing and cost file descriptors. */
const MOST_AT_ONCE = 32;
const SNAPSHOT_TIMEOUT_SECONDS = 120;

/** A host as it was read, or why it could not be. */
export type Reading =
  { readonly host: string; readonly facts: HostFacts } | { readonly host: string; readonly failure: Failure };

/** How hosts are read. */
export interface ReadingOptions {
  readonly terminal: Terminal;
  /** Aborted when the user has had enough. */
  readonly signal: AbortSignal;
  readonly connectUri: string;
  /** Names of devices and what the doctor asks for, too. Default: false. */
  readonly withSurvey?: boolean;
}

/** Reads hosts side by side, shows how far that is, and closes every connection. */
export async function readHosts(
  connections: readonly HostConnection[],
  { terminal, signal, connectUri, withSurvey = false }: ReadingOptions,
): Promise<Reading[]> {
  const pool = new ShellPool({ lingerMs: 0 });
  const phases = new Map<string, string>();
  const status = new StatusLine(terminal, () => describePhases(phases));
  async function readOne(connection: HostConnection): Promise<Reading> {
    const host = describeHost(connection);
    phases.set(host, "connecting to");
    try {
      const shell = await pool.acquire(connection, {
        signal,
        onProgress: () => phases.set(host, "trying again to connect to"),
      });
      phases.set(host, "reading");
      try {
        const raw = await takeSnapshot(shell, {
          timeoutMs: 1000 * (readHostSettings(connection).commandTimeoutSeconds ?? SNAPSHOT_TIMEOUT_SECONDS),
          signal,
          connectUri,
          withSurvey,
        });
        return { host, facts: readSnapshot(host, raw) };
      } finally {
        shell.release();
      }
    } catch (error) {
      signal.throwIfAborted();
      return { host, failure: describeFailure(error) };
    } finally {
      phases.delete(host);
    }
  }
  try {
    return await mapSideBySide(connections, MOST_AT_ONCE, readOne);
  } finally {
    status.end();
    await pool.closeAll();
  }
}

/** Reads one host; one that cannot be read is an error. */
export async function readHost(connection: HostConnection, options: ReadingOptions): Promise<HostFacts> {
  const [reading] = await readHosts([connection], options);
  if (reading === undefined || "failure" in reading) {
    throw new CommandError(reading?.failure ?? { cause: "no host was read" });
  }
  return reading.facts;
}

function describePhases(phases: ReadonlyMap<string, string>): string {
  return [...phases].map(([host, phase]) => `${phase} ${host}`).join(", ");
}

/** Does work on every item, so many at a time, and keeps their order. */
async function mapSideBySide<Item, Result>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  async function take(): Promise<void> {
    for (const [index, item] of queue) results[index] = await work(item);
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, take));
  return results;
}
