import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { AUDIO, countOf, GPU, guide, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

describe("an update plan that a preview saved", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
  });

  function planFile(name: string): string {
    return join(workspace.folder, `${name}.json`);
  }

  it("is refused when the host has changed since, and nothing is written", async () => {
    const program = guide(host.connection);
    await workspace.preview(program, { planFile: planFile("stale") });
    host.writeFile("/etc/default/grub", `${host.readFile("/etc/default/grub")}# a line by hand\n`);
    host.setDriver(AUDIO, undefined);
    const cost = await countOf(host, async () => {
      const run = await workspace.up(program, { planFile: planFile("stale"), expectFailure: true });
      expect(run.text).toContain("violates plan");
    });

    expect(cost).toEqual({ connections: 1, commands: 1, writes: 0, files: 0 });
    expect(host.driverOf(GPU)).toBe("nouveau");
  });

  it("is kept to when the host is as it was", async () => {
    const program = guide(host.connection);
    host.setDriver(AUDIO, "snd_hda_intel");
    await workspace.preview(program, { planFile: planFile("fresh") });
    const run = await workspace.up(program, { planFile: planFile("fresh") });

    expect(run.changes).toEqual({ create: 3, same: 1 });
    expect([host.driverOf(GPU), host.driverOf(AUDIO)]).toEqual(["vfio-pci", "vfio-pci"]);
  });

  it("is kept to by an up that has nothing to do", async () => {
    const program = guide(host.connection);
    await workspace.preview(program, { planFile: planFile("empty") });

    const run = await workspace.up(program, { planFile: planFile("empty"), expectNoChanges: true });

    expect(run.changes).toEqual({ same: 4 });
  });
});

describe("a host that changes between check and create", () => {
  const { startHost, openWorkspace } = useStage();

  it("is not touched with a plan that is stale by then", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    // The second command is the first change: the reading before it is what the plan was made of.
    let count = 0;
    host.beforeCommand(() => {
      count++;
      if (count === 2) host.writeFile("/etc/default/grub", `${host.readFile("/etc/default/grub")}# by hand\n`);
    });

    const run = await workspace.up(guide(host.connection), { expectFailure: true });

    expect(run.text).toContain("planned on stale facts");
    expect(host.readFile("/etc/default/grub")).not.toContain("iommu=pt");
    expect(host.readFile("/etc/default/grub")).toContain("# by hand");
  });
});
