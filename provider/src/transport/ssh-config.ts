import { hostname } from "node:os";
import { expandPath, type LocalEnvironment } from "./environment";
import { computeConfig, type ConfigQuery, readConfigText } from "./ssh-config-include";

/** What the user's ssh config says about one host; absent members are not set there. */
export interface HostConfig {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  /** Paths; undefined when none is set, empty for `none`. */
  readonly identityFiles?: readonly string[];
  readonly identitiesOnly: boolean;
  /** Path of the socket, or false for `none`. */
  readonly agent?: string | false;
  /** Jump hosts, nearest first; empty for `none`. */
  readonly proxyJump?: readonly string[];
  readonly proxyCommand?: string;
  readonly knownHostsFiles?: readonly string[];
  readonly hostKeyAlias?: string;
  readonly connectTimeoutSeconds?: number;
  readonly keepaliveIntervalSeconds?: number;
}

type Options = Readonly<Record<string, string | string[]>>;

/** Reads what an ssh config file says about a host. A missing file says nothing. */
export async function readHostConfig(path: string, query: ConfigQuery, env: LocalEnvironment): Promise<HostConfig> {
  return parseHostConfig(await readConfigText(path, query, env), query, env);
}

/** What the text of an ssh config file says about a host. */
export function parseHostConfig(text: string, query: ConfigQuery, env: LocalEnvironment): HostConfig {
  const options = computeConfig(text, query);
  const hostName = first(options, "hostname")?.replace(/%([%h])/g, (_, token) => (token === "h" ? query.host : "%"));
  const port = readNumber(options, "port");
  const user = first(options, "user");
  const tokens = listTokens({ host: query.host, hostName, port, user: query.user ?? user }, env);
  function expand(value: string): string {
    return expandPath(expandTokens(value, tokens, env), env);
  }
  return dropUndefined({
    hostName,
    port,
    user,
    identityFiles: all(options, "identityfile")
      ?.filter((file) => file !== "none")
      .map(expand),
    identitiesOnly: first(options, "identitiesonly")?.toLowerCase() === "yes",
    agent: readAgent(first(options, "identityagent"), expand, env),
    ...readProxy(options),
    knownHostsFiles: all(options, "userknownhostsfile")
      ?.filter((file) => file !== "none")
      .map(expand),
    hostKeyAlias: first(options, "hostkeyalias"),
    connectTimeoutSeconds: readSeconds(first(options, "connecttimeout")),
    keepaliveIntervalSeconds: readSeconds(first(options, "serveraliveinterval")),
  });
}

function first(options: Options, name: string): string | undefined {
  const value = options[name];
  return Array.isArray(value) ? value[0] : value;
}

function all(options: Options, name: string): string[] | undefined {
  const value = options[name];
  return typeof value === "string" ? [value] : value;
}

function readNumber(options: Options, name: string): number | undefined {
  const text = first(options, name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${name} is ${JSON.stringify(text)}, not a number`);
  return Number(text);
}

/** Times may carry units there: `90`, `1m30s`. `none` and `0` are kept as "not set" and zero. */
function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined || text.toLowerCase() === "none") return undefined;
  if (!/^(?:\d+[smhdw]?)+$/i.test(text)) throw new Error(`${JSON.stringify(text)} is not a time`);
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  const parts = [...text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 1), 0);
}

/** Whichever of the two stands first in the file counts, as with OpenSSH; `none` switches either off. */
function readProxy(options: Options): { proxyJump?: readonly string[]; proxyCommand?: string } {
  const name = Object.keys(options).find((key) => key === "proxyjump" || key === "proxycommand");
  const value = name === undefined ? undefined : first(options, name);
  if (value === undefined) return {};
  if (value.toLowerCase() === "none") return { proxyJump: [] };
  if (name === "proxycommand") return { proxyCommand: value };
  return { proxyJump: value.split(",").map((hop) => hop.trim().replace(/^ssh:\/\//, "")) };
}

function readAgent(
  value: string | undefined,
  expand: (value: string) => string,
  env: LocalEnvironment,
): string | false | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK") return undefined;
  if (value.toLowerCase() === "none") return false;
  const variable = /^\$([A-Za-z_]\w*)$/.exec(value)?.[1];
  return variable === undefined ? expand(value) : (env.variables[variable] ?? false);
}

interface TokenSource {
  readonly host: string;
  readonly hostName: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
}

function listTokens(source: TokenSource, env: LocalEnvironment): Readonly<Record<string, string>> {
  return {
    "%": "%",
    d: env.homeDir,
    h: source.hostName ?? source.host,
    n: source.host,
    p: String(source.port ?? 22),
    r: source.user ?? env.userName,
    u: env.userName,
    l: hostname(),
    L: hostname().split(".")[0] ?? "",
    i: String(process.getuid?.() ?? 0),
  };
}

function expandTokens(value: string, tokens: Readonly<Record<string, string>>, env: LocalEnvironment): string {
  return value
    .replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole)
    .replace(/\$\{([^}]+)\}/g, (_, name: string) => env.variables[name] ?? "");
}

/** Absent and undefined are different things to the compiler, not to the code above. */
function dropUndefined(config: { [Key in keyof HostConfig]: HostConfig[Key] | undefined }): HostConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as unknown as HostConfig;
}
