import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { HostConnection, readHostSettings, type HostSettings } from "../model/connection";
import { ConnectUri, SYSTEM_URI } from "../model/libvirt/connect-uri";
import { UsageError } from "./failure";
import type { Secrets } from "./secrets";

/** What the command line says about the way to the hosts; it holds for every HOST, and for its jump hosts as far as they inherit. */
export interface HostOptions {
  readonly user?: string;
  readonly port?: number;
  readonly identity?: string;
  readonly jump?: string;
  readonly sshConfig?: string;
  readonly hostKey?: string[];
  readonly knownHosts?: string;
  readonly agent: boolean;
  readonly sudo?: boolean;
  readonly askPassword?: boolean;
  readonly askPassphrase?: boolean;
  readonly askSudoPassword?: boolean;
  readonly connectTimeout?: number;
  readonly commandTimeout?: number;
  readonly connectUri: string;
}

/** Adds the options of a connection to a command. */
export function addHostOptions(command: Command): Command {
  const options = [
    new Option("-l, --user <name>", "log in as this user, where HOST names none"),
    new Option("-p, --port <number>", "port of the SSH server, where HOST names none").argParser(parseNumber),
    new Option("-i, --identity <file>", "private key to log in with"),
    new Option("-J, --jump <hosts>", "jump hosts, nearest first, with commas between; `none` for none"),
    new Option("-F, --ssh-config <file>", "ssh config file (default: ~/.ssh/config)"),
    new Option("--host-key <key>", "the host's public key or fingerprint; may be given several times").argParser(
      collect,
    ),
    new Option("--known-hosts <file>", "known_hosts file"),
    new Option("--no-agent", "use no ssh agent"),
    new Option("--sudo", "become root with sudo; its password is read from PASSTHROUGH_SUDO_PASSWORD"),
    new Option("--ask-sudo-password", "ask for sudo's password (implies --sudo)"),
    new Option("--ask-password", "ask for the user's password; else it is read from PASSTHROUGH_PASSWORD"),
    new Option("--ask-passphrase", "ask for the key's passphrase; else it is read from PASSTHROUGH_PASSPHRASE"),
    new Option("--connect-timeout <seconds>", "longest wait for a connection (default: 20)").argParser(parseNumber),
    new Option("--command-timeout <seconds>", "longest wait for one command on a host (default: 120)").argParser(
      parseNumber,
    ),
    new Option("--connect-uri <uri>", "the host's libvirt").argParser(parseUri).default(SYSTEM_URI),
  ];
  for (const option of options) command.addOption(option.helpGroup("Connection:"));
  return command;
}

/** Reads a whole or decimal number of an option. */
export function parseNumber(text: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(text)) throw new InvalidArgumentError("Expected a number.");
  return Number(text);
}

/** Gathers the values of an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

function parseUri(text: string): string {
  const parsed = ConnectUri.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join("; "));
  return parsed.data;
}

/** The connection of a HOST; what it says itself wins. A name alone stays one, as the ssh config decides the rest. */
export function readConnection(host: string, options: HostOptions, secrets: Secrets): HostConnection {
  const named = HostConnection.safeParse(host);
  if (!named.success) throw new UsageError(named.error.issues.map(({ message }) => message).join("; "));
  const flags = listSettings(options, secrets);
  if (Object.keys(flags).length === 0) return host;
  const settings = { ...flags, ...readHostSettings(host) };
  const parsed = HostConnection.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map(({ path, message }) => `${nameFlag(path)}: ${message}`).join("; "));
}

/** What the options say, in the words of a program. */
function listSettings(options: HostOptions, secrets: Secrets): Partial<HostSettings> {
  const { sudoPassword, password, passphrase } = secrets;
  const isSudo = options.sudo === true || options.askSudoPassword === true;
  const settings = {
    user: options.user,
    port: options.port,
    privateKeyPath: makeAbsolute(options.identity),
    jumpHost: options.jump === undefined ? undefined : readJumps(options.jump),
    sshConfigPath: options.sshConfig === "none" ? options.sshConfig : makeAbsolute(options.sshConfig),
    hostKey: options.hostKey,
    knownHostsPath: makeAbsolute(options.knownHosts),
    agent: options.agent ? undefined : (false as const),
    sudo: isSudo ? (sudoPassword === undefined ? true : { password: sudoPassword }) : undefined,
    password,
    passphrase,
    connectTimeoutSeconds: options.connectTimeout,
    commandTimeoutSeconds: options.commandTimeout,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** A program that is written from the options runs in another folder. */
function makeAbsolute(path: string | undefined): string | undefined {
  return path === undefined || path.startsWith("~") ? path : resolve(path);
}

function readJumps(text: string): string[] {
  return text === "none" ? [] : text.split(",").map((hop) => hop.trim());
}

const FLAGS: Readonly<Record<string, string>> = {
  user: "--user",
  port: "--port",
  privateKeyPath: "--identity",
  jumpHost: "--jump",
  hostKey: "--host-key",
  connectTimeoutSeconds: "--connect-timeout",
  commandTimeoutSeconds: "--command-timeout",
};

function nameFlag([name]: readonly PropertyKey[]): string {
  return FLAGS[String(name)] ?? String(name);
}
