import { HostError } from "../../model/errors";
import type { HostFacts } from "../../model/host-facts";
import type { RemoteShell } from "../../transport/shell";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { DEFAULT_PACKAGES } from "../../model/packages/default-packages";
import type { ReadingRequest } from "../../model/reading";
import { quoteWord } from "../quote";
import { parseSnapshot } from "./parse";
import { newNonce, readScript, wholeScript } from "./script";
import { NotRootError, SnapshotFormatError } from "./sections";

/** A snapshot as it came from the host, with the word that marks its sections. */
export interface RawSnapshot {
  readonly nonce: string;
  readonly output: string;
}

/** The lines that make a script end in a snapshot; the functions must stand before them. */
export function snapshotParts(): string[] {
  return [...snapshotFunctions(), "pt_snapshot"];
}

/** The functions behind a snapshot; those of activity.sh serve changes as well. */
export function snapshotFunctions(): string[] {
  const parts = ["snapshot.sh", "boot-loaders.sh", "packages.sh"];
  return [readScript("activity.sh"), ...parts.map((part) => readScript("snapshot", part))];
}

/** The line that tells the scripts of both doors which libvirt is meant. */
export function connectLine(uri: string = SYSTEM_URI): string {
  return `pt_uri=${quoteWord(uri)}`;
}

/** The lines that tell them what is asked for. */
export function requestLines({ connectUri, packages }: ReadingRequest): string[] {
  if (packages === undefined) return [connectLine(connectUri), "pt_wanted="];
  // Words that no package can be called.
  const wanted = packages === "default" ? "--default" : packages.length === 0 ? "--none" : packages.join(" ");
  const sets = Object.entries(DEFAULT_PACKAGES).map(
    ([family, names]) => `pt_default_${family.replace("-", "_")}=${quoteWord(names.join(" "))}`,
  );
  return [connectLine(connectUri), `pt_wanted=${quoteWord(wanted)}`, ...sets];
}

/** Longest reading, beyond which a host counts as hung; a package manager may take its time with lists of packages. */
export function readingTimeoutMs({ packages }: ReadingRequest): number {
  return packages === undefined ? 120_000 : 300_000;
}

/** What is read, and how long it may take. */
export interface SnapshotOptions extends ReadingRequest {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Whether {@link HostFacts.survey} is read as well: the names of devices and what the doctor asks for. Default: false. */
  readonly withSurvey?: boolean;
}

/** Reads a host with one command that changes nothing. */
export async function takeSnapshot(shell: RemoteShell, options: SnapshotOptions): Promise<RawSnapshot> {
  const nonce = newNonce();
  const { connectUri, packages, withSurvey = false, ...limits } = options;
  const request = requestLines({
    ...(connectUri !== undefined && { connectUri }),
    ...(packages !== undefined && { packages }),
  });
  const survey = withSurvey ? [readScript("snapshot", "survey.sh"), "pt_with_survey=1"] : [];
  const result = await shell.run({
    script: wholeScript(nonce, [...request, ...survey, ...snapshotParts()]),
    ...limits,
  });
  const raw = { nonce, output: result.stdout };
  readSnapshot(shell.label, raw, result.stderr);
  return raw;
}

/** Facts of a snapshot; the error of a host that answers something else names it and shows what it said. */
export function readSnapshot(label: string, raw: RawSnapshot, stderr = ""): HostFacts {
  try {
    return parseSnapshot(raw.output, raw.nonce);
  } catch (error) {
    if (error instanceof NotRootError) {
      throw new HostError({ host: label, what: error.message, next: "set host.sudo, or log in as root" });
    }
    if (!(error instanceof SnapshotFormatError)) throw error;
    const said = stderr.trim() === "" ? "" : `; on standard error: ${stderr.trim().slice(0, 200)}`;
    throw new SnapshotFormatError(
      `${label}: could not read the host: ${error.message}${said}. Log in as this user and check that "sh" starts and prints nothing by itself`,
    );
  }
}
