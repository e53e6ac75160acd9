import { beforeAll, describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { countOf, findState, GPU, guide, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

const OPTIONS = { iommu: { mode: "passthrough", reboot: { policy: "ifRequired", timeoutSeconds: 30 } } } as const;

describe("a host that does not come back from its reboot in time", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [host, workspace] = await Promise.all([startHost({ machine: "debian-gpu", rebootMs: 40_000 }), openWorkspace()]);
  });

  it("keeps what was done, and says what to do next", async () => {
    const run = await workspace.up(guide(host.connection, OPTIONS), { expectFailure: true });
    const stored = await findState(workspace, "iommu");

    expect(run.text).toMatch(/did not come back within 30 s; .*Next: look at its console/s);
    expect(stored?.initErrors).toHaveLength(1);
    expect(stored?.outputs).toMatchObject({
      rebootRequired: true,
      ownership: { added: ["intel_iommu=on", "iommu=pt"] },
    });
    expect(await findState(workspace, "gpu")).toBeUndefined();
  });

  it("is finished by the next up, once the host answers", async () => {
    await host.settle();
    const run = await workspace.up(guide(host.connection, OPTIONS));

    expect(run.changes).toEqual({ update: 1, create: 2, same: 1 });
    expect((await findState(workspace, "iommu"))?.initErrors ?? []).toEqual([]);
    expect(host.driverOf(GPU)).toBe("vfio-pci");
    expect((await workspace.up(guide(host.connection, OPTIONS), { expectNoChanges: true })).changes).toEqual({
      same: 4,
    });
  });
});

describe("a change that fails half way", () => {
  const { startHost, openWorkspace } = useStage();

  it("is taken back on the host, stores nothing of it, and goes through when the cause is mended", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    host.faults.failTool("virsh", { words: ["nodedev-detach", "pci_0000_01_00_1"], stderr: "error: no such luck\n" });

    const run = await workspace.up(guide(host.connection), { expectFailure: true });
    const drivers = [host.driverOf(GPU), host.driverOf("0000:01:00.1")];
    host.faults.clear();
    const next = await workspace.up(guide(host.connection));

    expect(run.text).toContain("taken back");
    expect(drivers).toEqual(["nouveau", "snd_hda_intel"]);
    expect(next.changes).toEqual({ create: 2, same: 2 });
  });

  it("finds by itself what a change did whose answer was lost", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    host.faults.afterStep("commit", "cut");

    await workspace.up(guide(host.connection), { expectFailure: true });
    const next = await workspace.up(guide(host.connection));
    const cost = await countOf(host, () => workspace.up(guide(host.connection), { expectNoChanges: true }));
    await workspace.destroy();

    expect(next.changes["create"]).toBeGreaterThanOrEqual(3);
    expect(cost).toMatchObject({ writes: 0, files: 0 });
    expect(host.readFile("/etc/default/grub")).not.toContain("iommu=pt");
    expect(host.driverOf(GPU)).toBe("nouveau");
  });
});
