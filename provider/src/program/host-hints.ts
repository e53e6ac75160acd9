import { setImmediate as nextTurn } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { describeFailure } from "../engine/failure";
import { renderHint, type HostHint } from "../engine/hint";
import { readingTimeoutMs, readSnapshot, takeSnapshot } from "../host/snapshot/take";
import { describeHost, HostConnection, readHostSettings } from "../model/connection";
import { ConnectUri } from "../model/libvirt/connect-uri";
import { readingKey, type ReadingRequest } from "../model/reading";
import { stableText } from "../model/stable-text";
import type { HostSurvey } from "../model/survey/survey";
import { surveyHost } from "../model/survey/survey-host";
import { ShellPool } from "../transport/pool";

/** Hosts read at once: more gain nothing (facts of SSH, measured) and cost file descriptors. */
const MOST_AT_ONCE = 32;

/** A reading that is shared: until it begins, what is asked of it can still grow. */
interface Reading {
  withSurvey: boolean;
  hasBegun: boolean;
  readonly hint: Promise<HostHint>;
}

/** Readings of each run of the engine: an inline program may run several times in one process. */
const runs = new WeakMap<object, Map<string, Reading>>();

/** Stands for the run where there is no engine, as in a script. */
const NO_ENGINE = {};
let free = MOST_AT_ONCE;
const waiting: (() => void)[] = [];

/**
 * Reads the host in the program, once for all its resources that ask for the same and side by side with other hosts: the engine
 * would check one resource after another. Under mocks there is no engine, and no host is touched.
 */
export function hostHint(
  host: pulumi.Output<HostConnection>,
  request: pulumi.Input<ReadingRequest | undefined>,
): pulumi.Output<unknown> | undefined {
  const engine: object | undefined = pulumi.runtime.getEngine();
  if (engine === undefined) return undefined;
  return pulumi.all([host, request]).apply(async ([value, wanted]) => {
    const parsed = HostConnection.safeParse(value);
    // What is wrong with the inputs is said where all of them are checked.
    if (!parsed.success || wanted === undefined) return undefined;
    const { hint } = openReading(engine, parsed.data, wanted, { withSurvey: false, isLate: false });
    return renderHint(await hint);
  });
}

/** The request of a resource that speaks to a libvirt; undefined for a URI that is none. */
export function libvirtRequest(connectUri: pulumi.Input<string> | undefined): pulumi.Input<ReadingRequest | undefined> {
  if (connectUri === undefined) return {};
  return pulumi
    .output(connectUri)
    .apply((uri) => (ConnectUri.safeParse(uri).success ? { connectUri: uri } : undefined));
}

/**
 * Surveys a host. The reading is that of the resources as well, where it has not begun yet or was to be a survey; what is
 * asked for after something was waited for (`isLate`) is read anew, once for all that ask in the same turn.
 */
export async function surveyReading(connection: HostConnection, uri: string, isLate: boolean): Promise<HostSurvey> {
  const engine: object | undefined = pulumi.runtime.getEngine();
  const options = { withSurvey: true, isLate: isLate || engine === undefined };
  const hint = await openReading(engine ?? NO_ENGINE, connection, { connectUri: uri }, options).hint;
  if ("failure" in hint) throw new Error(hint.failure.message);
  const label = describeHost(connection);
  return surveyHost(readSnapshot(label, hint.snapshot), label);
}

/** What a caller wants of a reading. */
interface Wish {
  readonly withSurvey: boolean;
  readonly isLate: boolean;
}

/** The reading of the run that tells what is asked for; a new one where there is none, or where it is too late for that. */
function openReading(
  run: object,
  connection: HostConnection,
  request: ReadingRequest,
  { withSurvey, isLate }: Wish,
): Reading {
  const readings = runs.get(run) ?? new Map<string, Reading>();
  runs.set(run, readings);
  const key = `${isLate ? "late " : ""}${readingKey(request)} ${stableText(readHostSettings(connection))}`;
  const known = readings.get(key);
  if (known?.hasBegun === false) known.withSurvey ||= withSurvey;
  const serves = known !== undefined && (known.withSurvey || !withSurvey) && !(isLate && known.hasBegun);
  if (serves) return known;
  const reading = beginReading(connection, request, withSurvey);
  readings.set(key, reading);
  return reading;
}

/** The program says first what else it wants to know of the host; then the host is read. */
function beginReading(connection: HostConnection, request: ReadingRequest, withSurvey: boolean): Reading {
  const reading: Reading = {
    withSurvey,
    hasBegun: false,
    hint: nextTurn().then(async () => {
      await takeTurn();
      reading.hasBegun = true;
      try {
        return await readHint(connection, request, reading.withSurvey);
      } finally {
        giveTurn();
      }
    }),
  };
  return reading;
}

async function takeTurn(): Promise<void> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  else free--;
}

function giveTurn(): void {
  const next = waiting.shift();
  if (next === undefined) free++;
  else next();
}

/** A failure is handed over too, so that nobody waits for the same host twice. */
async function readHint(connection: HostConnection, request: ReadingRequest, withSurvey: boolean): Promise<HostHint> {
  const pool = new ShellPool({ lingerMs: 0 });
  try {
    const shell = await pool.acquire(connection);
    try {
      return { snapshot: await takeSnapshot(shell, { timeoutMs: readingTimeoutMs(request), ...request, withSurvey }) };
    } finally {
      shell.release();
    }
  } catch (error) {
    return { failure: describeFailure(error) };
  } finally {
    await pool.closeAll();
  }
}
