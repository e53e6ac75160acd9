import { surveyHost } from "../../model/survey/survey-host";
import type { HostSurvey } from "../../model/survey/survey";
import { EXIT, renderJson, type Context, type ExitCode } from "../context";
import { renderFailure, type Failure } from "../failure";
import { readConnection, type HostOptions } from "../host-options";
import { readHosts } from "../reading";
import { renderSummary, renderSurvey } from "../survey-text";
import { makePrintable } from "../terminal";

/** Options of `passthrough survey`. */
export interface SurveyOptions extends HostOptions {
  readonly json?: boolean;
}

/** Shows what hosts are and what they could give to guests; one that cannot be read does not hide the others. */
export async function survey(hosts: readonly string[], options: SurveyOptions, context: Context): Promise<ExitCode> {
  const { terminal, signal } = context;
  const secrets = await context.readSecrets(options);
  const connections = [...new Set(hosts)].map((host) => readConnection(host, options, secrets));
  const { connectUri } = options;
  const readings = await readHosts(connections, { terminal, signal, connectUri, withSurvey: true });
  const surveys = readings.flatMap((one) => ("facts" in one ? [surveyHost(one.facts, one.host)] : []));
  const failures = readings.flatMap((one) => ("failure" in one ? [one.failure] : []));
  if (options.json === true) terminal.write(renderJson({ hosts: surveys, failures }));
  else show(surveys, failures, context);
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
