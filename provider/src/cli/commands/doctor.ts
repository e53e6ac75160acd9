import { examineHost } from "../../model/doctor/examine-host";
import type { DeviceSelector } from "../../model/pci/selector";
import { describeHost } from "../../model/connection";
import { EXIT, renderJson, type Context, type ExitCode } from "../context";
import { hasFailure, renderChecks } from "../doctor-text";
import { readConnection, type HostOptions } from "../host-options";
import { readHost } from "../reading";
import { makePrintable } from "../terminal";

/** Options of `passthrough doctor`. */
export interface DoctorOptions extends HostOptions {
  readonly device?: DeviceSelector;
  readonly json?: boolean;
}

/** Goes through the checks of the manual guide; a failed one is a failure of the command. */
export async function doctor(hostText: string, options: DoctorOptions, context: Context): Promise<ExitCode> {
  const { terminal, signal } = context;
  const connection = readConnection(hostText, options, await context.readSecrets(options));
  const { connectUri, device } = options;
  const facts = await readHost(connection, { terminal, signal, connectUri, withSurvey: true });
  const checks = examineHost(facts, { device });
  const host = describeHost(connection);
  const isFine = !hasFailure(checks);
  terminal.write(
    options.json === true
      ? renderJson({ host, isFine, checks })
      : renderChecks(makePrintable(host), makePrintable(checks), terminal),
  );
  return isFine ? EXIT.fine : EXIT.failure;
}
