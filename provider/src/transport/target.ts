import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  describeHost,
  type HostConnection,
  type HostSettings,
  listJumpHosts,
  readHostSettings,
} from "../model/connection";
import { expandPath, isMissing, type LocalEnvironment } from "./environment";
import { describeCause, TransportError } from "./errors";
import { type HostConfig, readHostConfig } from "./ssh-config";

/** A connection with everything decided: the user's input, their ssh config and the defaults, in that order. */
export interface Target {
  /** Name for messages, and the path of the input that it comes from. */
  readonly label: string;
  readonly property: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly login: LoginSources;
  readonly hostKeys: readonly string[];
  readonly hostKeyAlias?: string;
  readonly knownHostsFiles: readonly string[];
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly keepaliveMs: number;
  /** Undefined: commands run as the user who logs in. */
  readonly sudo?: { readonly password?: string };
  /** The host to connect through, which may have one itself. */
  readonly via?: Target;
}

/** Where to look for something to log in with. */
export interface LoginSources {
  /** The key that the user gave: its text or its path. */
  readonly privateKey?: string;
  readonly privateKeyPath?: string;
  readonly passphrase?: string;
  readonly password?: string;
  /** Path of the agent's socket. */
  readonly agent?: string;
  readonly identityFiles: readonly string[];
  /** True: of the agent's keys, offer only those of the identity files. */
  readonly identitiesOnly: boolean;
}

const MAX_HOPS = 8;
/** As for `ssh -F`. */
const NO_CONFIG = "none";

/** Decides everything about a connection; reads the ssh config, but no key. */
export function resolveTarget(connection: HostConnection, env: LocalEnvironment): Promise<Target> {
  return resolveHop(readHostSettings(connection), { env, label: describeHost(connection), property: "host", depth: 0 });
}

/** Text that is equal for targets that one connection can serve; holds no secret in the clear. */
export function targetKey(target: Target): string {
  const text = JSON.stringify(target, (name, value: unknown) =>
    name === "label" || name === "property" ? undefined : value,
  );
  return createHash("sha256").update(text).digest("hex");
}

interface Hop {
  readonly env: LocalEnvironment;
  readonly label: string;
  readonly property: string;
  readonly depth: number;
  /** The hop before it in a list of jump hosts; such a list overrules the hop's own. */
  readonly via?: Target;
}

async function resolveHop(settings: HostSettings, hop: Hop): Promise<Target> {
  const config = await readConfig(settings, hop);
  const via = hop.via ?? (await resolveJumps(settings, config, hop));
  const { env } = hop;
  const hostKeyAlias = config.hostKeyAlias;
  return {
    label: hop.label,
    property: hop.property,
    address: config.hostName ?? settings.address,
    port: settings.port ?? config.port ?? 22,
    user: settings.user ?? config.user ?? env.userName,
    login: resolveLogin(settings, config, env),
    hostKeys: settings.hostKey === undefined ? [] : [settings.hostKey].flat(),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    knownHostsFiles: [...listUserKnownHosts(settings, config, env), ...env.globalKnownHosts],
    connectTimeoutMs: 1000 * (settings.connectTimeoutSeconds ?? config.connectTimeoutSeconds ?? 20),
    commandTimeoutMs: 1000 * (settings.commandTimeoutSeconds ?? 120),
    keepaliveMs: 1000 * (settings.keepaliveIntervalSeconds ?? config.keepaliveIntervalSeconds ?? 15),
    ...resolveSudo(settings),
    ...(via === undefined ? {} : { via }),
  };
}

async function readConfig(settings: HostSettings, hop: Hop): Promise<HostConfig> {
  const { sshConfigPath } = settings;
  if (sshConfigPath === NO_CONFIG) return { identitiesOnly: false };
  const path = expandPath(sshConfigPath ?? "~/.ssh/config", hop.env);
  const place = { kind: "configuration", host: hop.label, property: `${hop.property}.sshConfigPath` } as const;
  // Only the default may be missing; a name that is mistyped would send its user looking for a host that has no address.
  if (sshConfigPath !== undefined && (await isMissing(path))) {
    throw new TransportError({
      ...place,
      cause: `the ssh config ${path} does not exist`,
      next: `Check ${hop.property}.sshConfigPath; "${NO_CONFIG}" is for none`,
    });
  }
  try {
    return await readHostConfig(path, { host: settings.address, user: settings.user }, hop.env);
  } catch (error) {
    throw new TransportError({
      ...place,
      cause: `cannot use ${path}: ${describeCause(error)}`,
      next: `Check it with: ssh -G -F ${path} ${settings.address}`,
    });
  }
}

function resolveLogin(settings: HostSettings, config: HostConfig, env: LocalEnvironment): LoginSources {
  const { privateKey, privateKeyPath, passphrase, password } = settings;
  const agent = settings.agent ?? config.agent ?? env.variables["SSH_AUTH_SOCK"] ?? "";
  const hasOwnKey = privateKey !== undefined || privateKeyPath !== undefined;
  const defaults = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(env.homeDir, ".ssh", name));
  return {
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(privateKey !== undefined || privateKeyPath === undefined
      ? {}
      : { privateKeyPath: expandPath(privateKeyPath, env) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(password === undefined ? {} : { password }),
    ...(agent === false || agent === "" ? {} : { agent: expandPath(agent, env) }),
    identityFiles: hasOwnKey ? [] : (config.identityFiles ?? defaults),
    identitiesOnly: config.identitiesOnly,
  };
}

function listUserKnownHosts(settings: HostSettings, config: HostConfig, env: LocalEnvironment): readonly string[] {
  if (settings.knownHostsPath !== undefined) return [expandPath(settings.knownHostsPath, env)];
  return config.knownHostsFiles ?? ["known_hosts", "known_hosts2"].map((name) => join(env.homeDir, ".ssh", name));
}

function resolveSudo({ sudo }: HostSettings): { sudo?: { password?: string } } {
  if (sudo === undefined || sudo === false) return {};
  return { sudo: sudo === true ? {} : { password: sudo.password } };
}

/** The nearest jump host, linked to those before it. */
async function resolveJumps(settings: HostSettings, config: HostConfig, hop: Hop): Promise<Target | undefined> {
  const given = listJumpHosts(settings);
  if (given === undefined && config.proxyCommand !== undefined) throw proxyCommandError(config.proxyCommand, hop);
  const hosts = given ?? config.proxyJump ?? [];
  if (hosts.length > 0 && hop.depth >= MAX_HOPS) throw loopError(hop);
  let via: Target | undefined;
  for (const [index, host] of hosts.entries()) {
    const property = `${hop.property}.jumpHost${Array.isArray(settings.jumpHost) ? `[${index}]` : ""}`;
    via = await resolveHop(inherit(readHostSettings(host), settings), {
      env: hop.env,
      label: `${describeHost(host)} (jump host of ${hop.label})`,
      property,
      depth: hop.depth + 1,
      ...(via === undefined ? {} : { via }),
    });
  }
  return via;
}

const INHERITED = [
  "sshConfigPath",
  "knownHostsPath",
  "connectTimeoutSeconds",
  "commandTimeoutSeconds",
  "keepaliveIntervalSeconds",
] as const;

function inherit(jump: HostSettings, from: HostSettings): HostSettings {
  const values = INHERITED.map((name) => [name, jump[name] ?? from[name]] as const);
  return { ...jump, ...Object.fromEntries(values.filter(([, value]) => value !== undefined)) };
}

function proxyCommandError(command: string, hop: Hop): TransportError {
  return new TransportError({
    ...{ kind: "configuration", host: hop.label, property: `${hop.property}.jumpHost` },
    cause: `the ssh config reaches this host with a ProxyCommand (${command.split(" ")[0] ?? ""} …), which cannot be run here`,
    next: `Use ProxyJump there, or name the jump host in ${hop.property}.jumpHost; an empty list connects directly`,
  });
}

function loopError(hop: Hop): TransportError {
  return new TransportError({
    ...{ kind: "configuration", host: hop.label, property: hop.property },
    cause: `more than ${MAX_HOPS} jump hosts lie on the way; they probably name each other in a circle`,
    next: "Look at ProxyJump in the ssh config; `ProxyJump none` for the first jump host ends the chain",
  });
}
