import { resolve } from "node:path";
import { describeHost, readHostSettings } from "../../model/connection";
import { checkWishes } from "../check-wishes";
import { EXIT, renderJson, type Context, type ExitCode } from "../context";
import { UsageError } from "../failure";
import { readConnection, type HostOptions } from "../host-options";
import { renderInit } from "../init-text";
import { describeHostAsProgram, type Wishes } from "../init/describe-host";
import { writeConnection } from "../init/render-connection";
import { renderProject } from "../init/render-project";
import { writeProject } from "../init/write-project";
import { readHost } from "../reading";
import { makePrintable } from "../terminal";
import { readVersion } from "../version";

/** Options of `passthrough init`. */
export interface InitOptions extends HostOptions, Wishes {
  readonly connectUri: string;
  readonly directory?: string;
  readonly package?: string;
  readonly json?: boolean;
}

/** Writes the program that describes a host as it is, and what is asked for beside that. */
export async function init(hostText: string, options: InitOptions, context: Context): Promise<ExitCode> {
  const { terminal, signal } = context;
  if (options.domain !== undefined && options.device === undefined) {
    throw new UsageError("--domain says who gets a device; say which with --device");
  }
  checkWishes(options);
  const connection = readConnection(hostText, options, await context.readSecrets(options));
  const facts = await readHost(connection, { terminal, signal, connectUri: options.connectUri });
  const program = describeHostAsProgram(connection, facts, options);
  const name = nameProject(readHostSettings(connection).address);
  const { hostname, distributionName } = facts.identity;
  const written = writeConnection(connection);
  const files = renderProject({
    name,
    host: describeHost(connection),
    system: makePrintable(`${hostname}, ${distributionName}`),
    connection: written,
    program,
    dependency: nameDependency(options.package),
  });
  const directory = options.directory ?? name;
  await writeProject(resolve(directory), files);
  const paths = files.map(({ path }) => path);
  terminal.write(
    options.json === true
      ? renderJson({
          directory,
          files: paths,
          secrets: written.secrets,
          resources: program.declarations.map(({ name: resource, isAskedFor, plan }) => ({
            name: resource,
            isAskedFor,
            ...plan,
          })),
          omissions: program.omissions,
        })
      : renderInit(
          { directory, name, files: paths, program: makePrintable(program), secrets: written.secrets },
          terminal,
        ),
  );
  return EXIT.fine;
}

/** What package.json says of this package: its version, or what npm finds at a path from anywhere. */
function nameDependency(wanted: string | undefined): string {
  if (wanted === undefined) return readVersion();
  return /^\.{0,2}\/|\.tgz$/.test(wanted) && !wanted.includes(":") ? `file:${resolve(wanted)}` : wanted;
}

/** What Pulumi and npm both take as a name. */
function nameProject(address: string): string {
  const name = address
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `passthrough-${name === "" ? "host" : name}`;
}
