import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { inRun, Resource, type Operation, type Preview } from "./driver";
import { readBootFiles, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const OURS = "passthrough-";

function upIommu(host: SimulatedHost, iommu: Resource): Promise<Operation> {
  return inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));
}

function upGroup(host: SimulatedHost, group: Resource): Promise<Operation> {
  return inRun((run) => group.up(run, { host: host.connection, device: { address: NIC } }));
}

/** Takes the host's lock as another change would; resolves when it is taken. The promise within ends when it is free. */
async function holdLock(host: SimulatedHost, seconds: number): Promise<{ free: Promise<unknown> }> {
  const lock = join(host.root, "var/lib/passthrough/lock");
  const holder = spawn("flock", [lock, "sh", "-c", `echo held; exec sleep ${seconds}`]);
  const free = once(holder, "exit");
  await once(holder.stdout, "data");
  return { free };
}

describe("the host's lock", () => {
  it("is waited for when another change holds it", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const events: string[] = [];
    await upGroup(host, new Resource("PciGroupDetachment"));
    const { free } = await holdLock(host, 0.5);

    const up = upIommu(host, new Resource("HostIommuConfig")).then((operation) => events.push(operation));
    await Promise.all([up, free.then(() => events.push("free"))]);

    expect(events).toEqual(["free", "create"]);
  });

  it("lets two programs change one host at once, one after the other", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    const [iommu, group] = [new Resource("HostIommuConfig"), new Resource("PciGroupDetachment")];

    expect(await Promise.all([upIommu(host, iommu), upGroup(host, group)])).toEqual(["create", "create"]);

    expect(await Promise.all([upIommu(host, iommu), upGroup(host, group)])).toEqual(["same", "same"]);
  });

  it("keeps a preview from reading half of a change", async () => {
    const host = await start();
    const inputs = { host: host.connection, mode: "passthrough" };
    let preview: Promise<Preview> | undefined;
    host.faults.afterStep("generate", () => {
      preview = inRun((run) => new Resource("HostIommuConfig").preview(run, inputs));
    });

    await upIommu(host, new Resource("HostIommuConfig"));

    expect((await preview)?.inputs["plan"]).toMatchObject({ steps: [] });
  });
});

function listRun(host: SimulatedHost): string[] {
  return host.writtenFiles().flatMap(({ path }) => (path.startsWith("/run/") ? [path] : []));
}

describe("what an interrupted change leaves behind", () => {
  it("shows in the preview and is gone after the next change", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    host.faults.afterStep("rename boot/grub/grub.cfg", "power");
    await expect(upIommu(host, iommu)).rejects.toThrow("the connection was lost");
    await host.settle();
    const left = Object.keys(readBootFiles(host)).filter((path) => path.includes(OURS));
    expect(left.sort()).toEqual([
      "/boot/grub/grub.cfg.passthrough-new",
      "/boot/grub/grub.cfg.passthrough-old",
      "/etc/default/grub.passthrough-old",
    ]);

    const preview = await inRun((run) => iommu.preview(run, { host: host.connection, mode: "passthrough" }));
    expect(preview.inputs["plan"]).toMatchObject({
      steps: expect.arrayContaining(left.map((path) => `remove ${path}, left behind by an interrupted change`)),
    });
    expect(await upIommu(host, iommu)).toBe("create");

    expect(Object.keys(readBootFiles(host)).filter((path) => path.includes(OURS))).toEqual([]);
  });

  it("in /run goes with the next change, whosever it is", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    host.mark();
    host.faults.afterStep("write", "kill");
    await expect(upIommu(host, new Resource("HostIommuConfig"))).rejects.toThrow();
    expect(listRun(host)).toEqual([expect.stringMatching(/^\/run\/passthrough-\w+\.errors$/)]);

    await upGroup(host, new Resource("PciGroupDetachment"));

    expect(listRun(host)).toEqual([]);
  });
});
