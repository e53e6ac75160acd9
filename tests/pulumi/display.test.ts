import { describe, expect, it } from "@jest/globals";
import { ComponentResource, type CustomResourceOptions } from "@pulumi/pulumi";
import { HostIommuConfig, type HostArgs } from "pulumi-passthrough";
import { declareGuide, findState, guide, isDebug, useStage } from "./stage";
import type { EngineRun } from "./workspace";

/** Messages on the row of a resource: those that stay, and those that the next one replaces. */
function messagesOn(run: EngineRun, name: string): { text: string; severity: string; isStatus: boolean }[] {
  return run.events.flatMap(({ diagnosticEvent: event }) =>
    event?.urn?.endsWith(`::${name}`) === true && !isDebug(event)
      ? [{ text: event.message.trim(), severity: event.severity, isStatus: event.ephemeral ?? false }]
      : [],
  );
}

class Workstation extends ComponentResource {
  constructor(name: string, host: HostArgs, opts: CustomResourceOptions = {}) {
    super("test:Workstation", name, {}, opts);
    declareGuide(host, { prefix: `${name}-`, opts: { parent: this } });
    this.registerOutputs();
  }
}

describe("what a run shows", () => {
  const { startHost, openWorkspace } = useStage();

  it("has warnings and progress on the row of the resource that they are about", async () => {
    const [host, workspace] = await Promise.all([startHost({ machine: "debian-gpu" }), openWorkspace()]);
    function program(): Promise<Record<string, never>> {
      new HostIommuConfig("iommu", { host: host.connection });
      return Promise.resolve({});
    }

    const preview = await workspace.preview(program);
    const up = await workspace.up(program);

    const warnings = messagesOn(preview, "iommu").filter(({ severity }) => severity === "warning");
    expect(warnings.map(({ text }) => text)).toEqual([expect.stringContaining("reboot needed")]);
    const steps = messagesOn(up, "iommu").filter(({ isStatus }) => isStatus);
    expect(steps.map(({ text }) => text.replace(/^.*?: /, ""))).toEqual(
      expect.arrayContaining(["lock", "write etc/default/grub", "generate boot/grub/grub.cfg", "commit"]),
    );
  });

  it("says of a new resource that takes over what the host has that nothing is written", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    function program(): Promise<Record<string, never>> {
      new HostIommuConfig("as-it-is", { host: host.connection });
      return Promise.resolve({});
    }

    const preview = await workspace.preview(program);

    const said = messagesOn(preview, "as-it-is").filter(({ isStatus }) => !isStatus);
    expect(said).toEqual([
      { text: expect.stringContaining("nothing is written there"), severity: "info", isStatus: false },
    ]);
    expect(host.writes).toEqual([]);
  });

  it("has an error once on the row of its resource, without a stack", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    await workspace.up(guide(host.connection));
    host.faults.failTool("grub-script-check", { stderr: "syntax error\n" });

    const run = await workspace.destroy({ expectFailure: true });

    const errors = messagesOn(run, "iommu").filter(({ severity }) => severity === "error");
    expect(errors.map(({ text }) => text.split("taken back").length - 1)).toEqual([1]);
    expect(run.text).not.toMatch(/^\s+at .*\.js:\d+/m);
  });

  it("is the same below a component, which does not wait for itself", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    function program(): Promise<Record<string, never>> {
      new Workstation("desk", host.connection);
      return Promise.resolve({});
    }

    const up = await workspace.up(program);
    const again = await workspace.up(program, { expectNoChanges: true });

    expect(up.changes).toEqual({ create: 5 });
    expect(again.changes).toEqual({ same: 5 });
    expect(messagesOn(up, "desk-gpu").some(({ text }) => text.endsWith("commit"))).toBe(true);
    const state = await findState(workspace, "desk-gpu");
    expect(state?.inputs?.["__urn"]).toBe(state?.urn);
  });
});

describe("the order of a program's resources", () => {
  const { startHost, openWorkspace } = useStage();

  it("is that of dependsOn, over a reboot, and backwards in a destroy", async () => {
    const [host, workspace] = await Promise.all([startHost({ machine: "debian-gpu" }), openWorkspace()]);
    const program = guide(host.connection, { iommu: { reboot: { policy: "ifRequired" } } });

    const up = await workspace.up(program);
    const destroy = await workspace.destroy();

    expect(finished(up)).toEqual(["iommu", "gpu", "guest"]);
    expect(finished(destroy)).toEqual(["guest", "gpu", "iommu"]);
  });
});

/** Names of our resources in the order in which the engine was done with them. */
function finished(run: EngineRun): string[] {
  return run.events.flatMap(({ resOutputsEvent }) => {
    const { urn = "", type = "" } = resOutputsEvent?.metadata ?? {};
    return type.includes("passthrough:") ? [urn.split("::").at(-1) ?? ""] : [];
  });
}
