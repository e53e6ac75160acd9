import { beforeAll, describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { countOf, guide, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

const ONE_READING = { connections: 1, commands: 1, writes: 0, files: 0 };

describe("what a run costs a host with three resources", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
  });

  it("is one reading for a preview of what is not there yet", async () => {
    expect(await countOf(host, () => workspace.preview(guide(host.connection)))).toEqual(ONE_READING);
  });

  it("is one more connection and one command a resource for an up, which read back what they did", async () => {
    const cost = await countOf(host, () => workspace.up(guide(host.connection)));

    expect(cost).toMatchObject({ connections: 2, commands: 1 + 3 });
  });

  it.each([
    ["a preview without changes", (): Promise<unknown> => workspace.preview(guide(host.connection))],
    ["a second up", (): Promise<unknown> => workspace.up(guide(host.connection), { expectNoChanges: true })],
    ["a refresh", (): Promise<unknown> => workspace.refresh()],
  ])("is one connection, one command and no write for %s", async (_what, run) => {
    expect(await countOf(host, run)).toEqual(ONE_READING);
  });

  it("is two connections and two commands for an up that changes one resource", async () => {
    const iommu = { mode: "translated" } as const;

    expect(await countOf(host, () => workspace.up(guide(host.connection, { iommu })))).toMatchObject({
      connections: 2,
      commands: 2,
    });
  });

  it("is one connection, one reading and one command a resource for a destroy", async () => {
    expect(await countOf(host, () => workspace.destroy())).toMatchObject({ connections: 1, commands: 1 + 3 });
  });
});

describe("an up with a reboot in the middle", () => {
  const { startHost, openWorkspace } = useStage();

  it("reads the host once more after the reboot, and not again for the resources behind it", async () => {
    const [host, workspace] = await Promise.all([startHost({ machine: "debian-gpu" }), openWorkspace()]);
    const program = guide(host.connection, { iommu: { mode: "passthrough", reboot: { policy: "ifRequired" } } });

    await workspace.up(program);

    const kinds = host.commands.map(({ script }) => kindOf(script));
    // While the host boots it is looked for several times.
    const sequence = kinds.filter((kind, i) => kind !== kinds[i - 1]);
    expect(sequence).toEqual(["reading", "change", "reboot", "reading", "change"]);
    expect(kinds.filter((kind) => kind === "change")).toHaveLength(3);
    expect(await countOf(host, () => workspace.up(program, { expectNoChanges: true }))).toEqual(ONE_READING);
  });
});

function kindOf(script: string): "reading" | "change" | "reboot" {
  if (script.includes("systemctl reboot")) return "reboot";
  return script.includes("pt_commit") ? "change" : "reading";
}
