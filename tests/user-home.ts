import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { SimulatedHost, type Machine, type MachineName, type SimulatedHostOptions } from "pulumi-passthrough/testing";

/** What ssh has to know of a machine. */
export interface NamedMachine {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyPath: string;
  /** Its key for known_hosts. Default: none, so that it is a stranger. */
  readonly hostKey?: string;
}

/** What a host may differ in. */
export interface HostStart extends Omit<SimulatedHostOptions, "machine"> {
  /** Whether known_hosts has its key. Default: true. */
  readonly isKnown?: boolean;
}

/** The home of a user whose ssh knows hosts by names, here and in processes that have it as `HOME`. */
export interface UserHome {
  /** Its folder. */
  readonly home: () => string;
  /** Gives a machine a name for ssh, also one that another had before. */
  readonly introduce: (name: string, machine: NamedMachine) => void;
  /** Starts a host that ssh knows by a name; it ends with the file's last test. */
  readonly startHost: (name: string, machine: MachineName | Machine, options?: HostStart) => Promise<SimulatedHost>;
}

/** Makes a home before the first test of a file, and clears up behind the last. */
export function useHome(): UserHome {
  const hosts: SimulatedHost[] = [];
  const machines = new Map<string, NamedMachine>();
  let home = "";

  beforeAll(() => {
    home = mkdtempSync(join(os.tmpdir(), "passthrough-home-"));
    mkdirSync(join(home, ".ssh"));
    writeFileSync(join(home, ".ssh", "known_hosts"), "");
    jest.spyOn(os, "homedir").mockReturnValue(home);
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    await Promise.all(hosts.map((host) => host.stop()));
    rmSync(home, { recursive: true, force: true });
  });

  function introduce(name: string, machine: NamedMachine): void {
    machines.set(name, machine);
    const known = [...machines.values()].flatMap(({ address, port, hostKey }) =>
      hostKey === undefined ? [] : [`[${address}]:${port} ${hostKey}\n`],
    );
    writeFileSync(join(home, ".ssh", "config"), [...machines].map(renderEntry).join(""));
    writeFileSync(join(home, ".ssh", "known_hosts"), known.join(""));
  }

  return {
    home: () => home,
    introduce,
    startHost: async (name, machine, { isKnown = true, ...options } = {}) => {
      const host = await SimulatedHost.start({ machine, rebootMs: 20, ...options });
      hosts.push(host);
      const { address, port = 22, user = "root", privateKey = "", hostKey } = host.connection;
      const privateKeyPath = join(home, ".ssh", `${name}.key`);
      writeFileSync(privateKeyPath, privateKey, { mode: 0o600 });
      const known = isKnown ? { hostKey: [hostKey].flat()[0] ?? "" } : {};
      introduce(name, { address, port, user, privateKeyPath, ...known });
      return host;
    },
  };
}

function renderEntry([name, { address, port, user, privateKeyPath }]: [string, NamedMachine]): string {
  const settings = [`HostName ${address}`, `Port ${port}`, `User ${user}`, `IdentityFile ${privateKeyPath}`];
  return `Host ${name}\n  ${[...settings, "IdentityAgent none"].join("\n  ")}\n`;
}
