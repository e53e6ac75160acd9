import { readdirSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { GPU, guide, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

/** Process of the CLI that works in this folder. */
function findCli(folder: string): number {
  const pid = readdirSync("/proc").find((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return basename(readlinkSync(`/proc/${entry}/exe`)) === "pulumi" && readlinkSync(`/proc/${entry}/cwd`) === folder;
    } catch {
      // It has ended, or it is not ours to look at.
      return false;
    }
  });
  if (pid === undefined) throw new Error(`no pulumi runs in ${folder}`);
  return Number(pid);
}

async function waitForEnd(pid: number): Promise<void> {
  while (readdirSync("/proc").includes(String(pid))) await delay(50);
}

/** Waits until no command of the provider runs on the host, whatever became of its connection. */
async function waitForQuiet(host: SimulatedHost): Promise<void> {
  const path = "/var/lib/passthrough/journal";
  let last = "";
  while (last !== host.readFile(path)) {
    last = host.readFile(path);
    await delay(1_500);
  }
}

function wordsOf(text: string): string[] {
  return [...new Set(text.match(/intel_iommu=\w+|iommu=pt/g))].sort();
}

describe("^C during an up", () => {
  const { startHost, openWorkspace } = useStage();

  /** Presses ^C some times in the middle of the change of the boot files. */
  async function interrupt(host: SimulatedHost, workspace: PulumiWorkspace, times: number): Promise<string> {
    host.faults.afterStep("rename etc/default/grub", async () => {
      const pid = findCli(workspace.folder);
      for (let i = 0; i < times; i++) {
        process.kill(pid, "SIGINT");
        await delay(300);
      }
      if (times > 1) await waitForEnd(pid);
    });
    return (await workspace.up(guide(host.connection), { expectFailure: true })).text;
  }

  it("once finishes the resource that is being made, stores it, and makes no other", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);

    const text = await interrupt(host, workspace, 1);

    expect(text).toContain("cancel");
    expect((await workspace.readState()).map(({ urn }) => urn.split("::").at(-1))).toEqual(["iommu"]);
    expect(wordsOf(host.readFile("/boot/grub/grub.cfg"))).toEqual(["intel_iommu=on", "iommu=pt"]);
    expect(host.driverOf(GPU)).toBe("nouveau");
    expect((await workspace.up(guide(host.connection))).changes).toEqual({ create: 2, same: 2 });
  });

  it("twice leaves the host whole, and the next up goes on from there", async () => {
    const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);

    await interrupt(host, workspace, 2);
    await waitForQuiet(host);
    const words = ["/etc/default/grub", "/boot/grub/grub.cfg"].map((file) => wordsOf(host.readFile(file)));
    const next = await workspace.up(guide(host.connection));
    await workspace.destroy();

    expect(words[0]).toEqual(words[1]);
    expect(host.exists("/boot/grub/grub.cfg.passthrough-new")).toBe(false);
    expect(next.changes).toMatchObject({ create: 3 });
    expect(wordsOf(host.readFile("/etc/default/grub"))).toEqual(["intel_iommu=on"]);
    expect(host.driverOf(GPU)).toBe("nouveau");
  });
});
