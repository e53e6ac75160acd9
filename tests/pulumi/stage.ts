import { afterAll } from "@jest/globals";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { DiagnosticEvent, PulumiFn } from "@pulumi/pulumi/automation";
import {
  DomainHostdev,
  HostIommuConfig,
  PciGroupDetachment,
  type HostArgs,
  type HostIommuConfigArgs,
} from "pulumi-passthrough";
import { SimulatedHost, type SimulatedHostOptions } from "pulumi-passthrough/testing";
import { ShellPool } from "../../provider/src/transport/pool";
import { PulumiWorkspace, type StateResource } from "./workspace";

/** The GPU of the simulated desktop, and the audio function of the same group. */
export const GPU = "0000:01:00.0";
export const AUDIO = "0000:01:00.1";

/** Starts hosts and workspaces for the tests of a file, and ends them after the last one. */
export function useStage(): {
  readonly startHost: (options?: SimulatedHostOptions) => Promise<SimulatedHost>;
  readonly openWorkspace: (environment?: Readonly<Record<string, string>>) => Promise<PulumiWorkspace>;
} {
  const cleanups: (() => Promise<void>)[] = [];
  afterAll(async () => {
    await Promise.all(cleanups.map((clean) => clean()));
  });
  return {
    startHost: async (options = {}) => {
      const host = await SimulatedHost.start({ machine: "debian-gpu-iommu-on", rebootMs: 20, ...options });
      cleanups.push(() => host.stop());
      return host;
    },
    openWorkspace: async (environment = {}) => {
      const workspace = await PulumiWorkspace.create(environment);
      cleanups.push(() => workspace.remove());
      return workspace;
    },
  };
}

/** What differs from test to test in a host's three resources. */
export interface GuideOptions {
  readonly iommu?: Omit<HostIommuConfigArgs, "host">;
  readonly device?: string;
  readonly domain?: string;
  readonly prefix?: string;
  readonly opts?: CustomResourceOptions;
}

/** Declares the whole guide: the IOMMU, the group of a GPU, and a guest that gets it. */
export function declareGuide(host: HostArgs, options: GuideOptions = {}): Record<string, unknown> {
  const { iommu = { mode: "passthrough" }, device = GPU, domain = "win11", prefix = "", opts = {} } = options;
  const config = new HostIommuConfig(`${prefix}iommu`, { host, ...iommu }, opts);
  const group = new PciGroupDetachment(
    `${prefix}gpu`,
    { host, device: { address: device } },
    { ...opts, dependsOn: config },
  );
  const guest = new DomainHostdev(`${prefix}guest`, { host, domain, devices: group.members }, opts);
  return { members: group.members, attached: guest.attached, commandLine: config.kernelCommandLine };
}

/** The same as a program for the engine. */
export function guide(host: HostArgs, options: GuideOptions = {}): PulumiFn {
  return () => Promise.resolve(declareGuide(host, options));
}

/** What a piece of work costs a host. */
export async function countOf(
  host: SimulatedHost,
  work: () => Promise<unknown>,
): Promise<{ connections: number; commands: number; writes: number; files: number }> {
  const before = host.counters;
  host.mark();
  await work();
  const after = host.counters;
  return {
    connections: after.connections - before.connections,
    commands: after.commands - before.commands,
    writes: after.writes - before.writes,
    files: host.writtenFiles().length,
  };
}

/** Runs a script on the host, as its operator would. */
export async function runByHand(host: SimulatedHost, script: string): Promise<void> {
  const pool = new ShellPool({ lingerMs: 0 });
  try {
    const shell = await pool.acquire(host.connection);
    const { exitCode, stderr } = await shell.run({ script, timeoutMs: 30_000 });
    shell.release();
    if (exitCode !== 0) throw new Error(`${script}: ${stderr}`);
  } finally {
    await pool.closeAll();
  }
}

/** A resource of the state by its name. */
export async function findState(workspace: PulumiWorkspace, name: string): Promise<StateResource | undefined> {
  return (await workspace.readState()).find((resource) => resource.urn.endsWith(`::${name}`));
}

/** Whether a message is one of the SDK's own, seen with `pulumi --debug` only; its types do not know that kind. */
export function isDebug(event: DiagnosticEvent | undefined): boolean {
  return (event?.severity as string | undefined) === "debug";
}
