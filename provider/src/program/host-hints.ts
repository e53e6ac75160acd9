import * as pulumi from "@pulumi/pulumi";
import { describeFailure } from "../engine/failure";
import { renderHint, type HostHint } from "../engine/hint";
import { takeSnapshot } from "../host/snapshot/take";
import { HostConnection, readHostSettings } from "../model/connection";
import { ConnectUri, SYSTEM_URI } from "../model/libvirt/connect-uri";
import { stableText } from "../model/stable-text";
import { ShellPool } from "../transport/pool";

/** Hosts read at once: more gain nothing (facts of SSH, measured) and cost file descriptors. */
const MOST_AT_ONCE = 32;
const SNAPSHOT_TIMEOUT_MS = 120_000;

/** Readings of each run of the engine: an inline program may run several times in one process. */
const runs = new WeakMap<object, Map<string, Promise<string>>>();
let free = MOST_AT_ONCE;
const waiting: (() => void)[] = [];

/**
 * Reads the host in the program, once for all its resources that speak to one libvirt and side by side with other hosts: the engine would check
 * one resource after another. Under mocks there is no engine, and no host is touched.
 */
export function hostHint(
  host: pulumi.Output<HostConnection>,
  connectUri: pulumi.Input<string> = SYSTEM_URI,
): pulumi.Output<unknown> | undefined {
  const engine: object | undefined = pulumi.runtime.getEngine();
  if (engine === undefined) return undefined;
  const readings = runs.get(engine) ?? new Map<string, Promise<string>>();
  runs.set(engine, readings);
  return pulumi.all([host, connectUri]).apply(([value, uri]) => {
    const parsed = HostConnection.safeParse(value);
    // What is wrong with the connection is said where all inputs are checked.
    if (!parsed.success || !ConnectUri.safeParse(uri).success) return undefined;
    const key = `${uri} ${stableText(readHostSettings(parsed.data))}`;
    const reading = readings.get(key) ?? readHost(parsed.data, uri);
    readings.set(key, reading);
    return reading;
  });
}

async function readHost(connection: HostConnection, connectUri: string): Promise<string> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  else free--;
  try {
    return renderHint(await readHint(connection, connectUri));
  } finally {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }
}

/** A failure is handed over too, so that nobody waits for the same host twice. */
async function readHint(connection: HostConnection, connectUri: string): Promise<HostHint> {
  const pool = new ShellPool({ lingerMs: 0 });
  try {
    const shell = await pool.acquire(connection);
    try {
      return { snapshot: await takeSnapshot(shell, { timeoutMs: SNAPSHOT_TIMEOUT_MS, connectUri }) };
    } finally {
      shell.release();
    }
  } catch (error) {
    return { failure: describeFailure(error) };
  } finally {
    await pool.closeAll();
  }
}
