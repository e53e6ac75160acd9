import path from "node:path";

import { utils } from "ssh2";

import type { HostSettings } from "../model/connection";
import type { SimulatedHostOptions } from "./options";
import { chooseMachine } from "./options";
import { HOST_MARK } from "./processes";
import { buildRoot } from "./root/build-root";
import type { HostFiles } from "./root/host-files";
import { SshServer } from "./ssh/server";
import { Sessions } from "./ssh/sessions";
import { System } from "./system";

/** The parts of a simulated host, joined and booted. */
export interface HostParts {
  readonly base: string;
  readonly files: HostFiles;
  readonly server: SshServer;
  readonly sessions: Sessions;
  readonly system: System;
  readonly connection: HostSettings;
}

const DEFAULT_REBOOT_MS = 150;

/** Builds a host in an empty folder, boots it, and opens its SSH server. */
export async function assembleHost(base: string, options: SimulatedHostOptions): Promise<HostParts> {
  const machine = chooseMachine(options);
  const user = options.user ?? "root";
  const files = buildRoot(base, machine, options);
  const environment = renderEnvironment(base, user);
  const sessions = new Sessions({ base, environment, latencyMs: options.latencyMs ?? 0 });
  const keys = { host: generateKey(), user: generateKey() };
  const server = new SshServer({
    hostKey: keys.host.private,
    userKey: keys.user.public,
    ...(options.password === undefined ? {} : { password: options.password }),
    onCommand: (channel, command) => sessions.serve(channel, command),
  });
  const system = new System({
    base,
    machine,
    files,
    environment,
    rebootMs: options.rebootMs ?? DEFAULT_REBOOT_MS,
    moreLibvirts: options.moreLibvirts ?? {},
    onDown: () => {
      server.isRefusing = true;
      server.dropAll();
    },
    onUp: () => {
      server.isRefusing = false;
    },
    dropConnections: () => server.dropAllAndWait(),
  });
  const port = await startBoth(system, server);
  const connection = describeConnection(options, port, keys.user.private, keys.host.public);
  return { base, files, server, sessions, system, connection };
}

async function startBoth(system: System, server: SshServer): Promise<number> {
  try {
    await system.firstBoot();
    return await server.listen();
  } catch (error) {
    await system.stop();
    throw error;
  }
}

/** About one key in a hundred that ssh2 1.17 makes is one that it cannot read again. */
function generateKey(): ReturnType<typeof utils.generateKeyPairSync> {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519");
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

/** What a program on the host sees; `bin` is its whole PATH, so that it finds nothing of this machine by chance. */
function renderEnvironment(base: string, user: string): Record<string, string> {
  return {
    PATH: path.join(base, "bin"),
    LC_ALL: "C",
    HOME: path.join(base, "root", "root"),
    USER: user,
    SSH_CONNECTION: "10.0.2.2 50000 10.0.2.15 22",
    PASSTHROUGH_ROOT: path.join(base, "root"),
    PASSTHROUGH_STEP_HOOK: path.join(base, "lib", "step-hook"),
    [HOST_MARK]: base,
    SIMULATED_PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`,
    SIMULATED_USER: user,
  };
}

/** Only what is needed to log in, and nothing of this machine's own SSH settings. */
function describeConnection(
  options: SimulatedHostOptions,
  port: number,
  privateKey: string,
  hostKey: string,
): HostSettings {
  const { user = "root", sudo = true } = options;
  return {
    address: "127.0.0.1",
    port,
    user,
    privateKey,
    hostKey,
    agent: false,
    sshConfigPath: "/dev/null",
    knownHostsPath: "/dev/null",
    ...(user === "root" || sudo === false ? {} : { sudo }),
  };
}
