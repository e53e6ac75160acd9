import { writeFile } from "node:fs/promises";
import type { DeviceSelector } from "../../model/pci/selector";
import { surveyHost } from "../../model/survey/survey-host";
import type { HostSurvey } from "../../model/survey/survey";
import { renderPage } from "../../page/render-page";
import { EXIT, renderJson, type Context, type ExitCode } from "../context";
import { CommandError, renderFailure, type Failure } from "../failure";
import { readConnection, type HostOptions } from "../host-options";
import { readHosts } from "../reading";
import { renderSummary, renderSurvey } from "../survey-text";
import { makePrintable } from "../terminal";

/** Options of `passthrough survey`. */
export interface SurveyOptions extends HostOptions {
  readonly json?: boolean;
  /** File that the page is written to. */
  readonly html?: string;
  /** What the page is about. */
  readonly device?: DeviceSelector;
}

/** Shows what hosts are and what they could give to guests; one that cannot be read does not hide the others. */
export async function survey(hosts: readonly string[], options: SurveyOptions, context: Context): Promise<ExitCode> {
  const { terminal, signal } = context;
  const secrets = await context.readSecrets(options);
  const connections = [...new Set(hosts)].map((host) => readConnection(host, options, secrets));
  const { connectUri } = options;
  const readings = await readHosts(connections, { terminal, signal, connectUri, withSurvey: true });
  const surveys = readings.flatMap((one) => ("facts" in one ? [surveyHost(one.facts, one.host)] : []));
  const { html, device, json = false } = options;
  const failures = readings.flatMap((one) => ("failure" in one ? [one.failure] : []));
  if (html !== undefined && surveys.length > 0) await writePage(html, surveys, device, context);
  if (json) terminal.write(renderJson({ hosts: surveys, failures }));
  else if (html === undefined) show(surveys, failures, context);
  for (const failure of failures) terminal.say(renderFailure(failure, terminal));
  return failures.length === 0 ? EXIT.fine : EXIT.failure;
}

function show(surveys: readonly HostSurvey[], failures: readonly Failure[], { terminal }: Context): void {
  const printable = makePrintable(surveys);
  const texts = printable.map((one) => renderSurvey(one, terminal));
  const isMany = surveys.length + failures.length > 1 && surveys.length > 0;
  if (isMany) texts.push(renderSummary(printable, failures, terminal));
  terminal.write(texts.join("\n"));
}

async function writePage(
  path: string,
  surveys: readonly HostSurvey[],
  device: DeviceSelector | undefined,
  { terminal }: Context,
): Promise<void> {
  const address = device === undefined ? undefined : findAddress(surveys, device);
  const page = await renderPage(surveys, address === undefined ? {} : { device: address });
  try {
    await writeFile(path, page);
  } catch (error) {
    const cause = `cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`;
    throw new CommandError({ cause, next: "Name a file in a folder that is there and may be written" });
  }
  terminal.say(`wrote ${path} (${Math.ceil(Buffer.byteLength(page) / 1024)} kB)\n`);
}

function findAddress(surveys: readonly HostSurvey[], { address, id }: DeviceSelector): string {
  const found = surveys.flatMap(({ devices }) => devices).find((one) => one.address === address || one.id === id);
  if (found !== undefined) return found.address;
  throw new CommandError({ cause: `no host has ${address ?? id ?? ""}`, next: "Correct --device" });
}
