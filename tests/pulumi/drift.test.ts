import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { AUDIO, countOf, findState, GPU, guide, runByHand, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

/** Takes all hostdevs out, as an operator with `virsh edit` would. */
function removeHostdevs(host: SimulatedHost): void {
  const xml = host.domainXml("win11", { withSecrets: true });
  host.defineDomain(xml.replace(/ *<hostdev[^]*?<\/hostdev>\n/g, ""));
}

function editDefaults(host: SimulatedHost): void {
  const text = host.readFile("/etc/default/grub");
  host.writeFile("/etc/default/grub", text.replace("iommu=pt", "").replace("intel_iommu=on", "intel_iommu=off"));
}

describe("drift made by hand", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
  });

  beforeEach(async () => {
    await workspace.up(guide(host.connection));
  });

  it.each<[string, () => void, string, () => unknown, unknown]>([
    [
      "a function on its old driver",
      () => {
        host.setDriver(AUDIO, "snd_hda_intel");
      },
      `move ${AUDIO}`,
      () => host.driverOf(AUDIO),
      "vfio-pci",
    ],
    [
      "a guest without its devices",
      () => {
        removeHostdevs(host);
      },
      `add hostdev ${GPU} to win11`,
      () => host.domainXml("win11").includes("ua-passthrough"),
      true,
    ],
    [
      "a boot file without our words",
      () => {
        editDefaults(host);
      },
      "edit /etc/default/grub",
      () => host.readFile("/etc/default/grub").includes("intel_iommu=on iommu=pt"),
      true,
    ],
  ])("%s is found by a plain preview and mended by a plain up", async (_what, spoil, step, look, good) => {
    spoil();
    const seen = await workspace.preview(guide(host.connection), { diff: true });
    const mended = await workspace.up(guide(host.connection));

    expect(seen.text).toContain(step);
    expect(seen.changes).toEqual({ update: 1, same: 3 });
    expect(mended.changes).toEqual({ update: 1, same: 3 });
    expect(look()).toEqual(good);
  });

  it("is found by a refresh, which writes nothing, and mended by the next up", async () => {
    host.setDriver(AUDIO, "snd_hda_intel");
    const cost = await countOf(host, async () => {
      expect((await workspace.refresh()).changes).toEqual({ update: 1, same: 3 });
    });
    const stored = await findState(workspace, "gpu");
    const mended = await workspace.up(guide(host.connection));

    expect(cost).toMatchObject({ commands: 1, writes: 0, files: 0 });
    expect(stored?.outputs).toMatchObject({ drivers: { [GPU]: "vfio-pci", [AUDIO]: "snd_hda_intel" } });
    expect(mended.changes).toEqual({ update: 1, same: 3 });
    expect(host.driverOf(AUDIO)).toBe("vfio-pci");
  });
});

describe("drift of a boot file that was mended", () => {
  const { startHost, openWorkspace } = useStage();

  it("leaves no trace once all is destroyed", async () => {
    const [host, workspace] = await Promise.all([startHost({ machine: "debian-gpu" }), openWorkspace()]);
    const program = guide(host.connection, { iommu: { mode: "passthrough", reboot: { policy: "ifRequired" } } });
    const files = ["/etc/default/grub", "/boot/grub/grub.cfg"];
    const before = files.map((file) => host.readFile(file));
    await workspace.up(program);
    const ours = host.readFile("/etc/default/grub");
    host.writeFile("/etc/default/grub", ours.replace("intel_iommu=on", "intel_iommu=off"));

    await workspace.up(program);
    const mended = host.readFile("/etc/default/grub");
    await workspace.destroy();

    expect(mended).toBe(ours);
    expect(files.map((file) => host.readFile(file))).toEqual(before);
  });
});

describe("a host that is not as it was", () => {
  const { startHost, openWorkspace } = useStage();
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
    await workspace.up(guide({ ...host.connection, connectTimeoutSeconds: 2 }));
  });

  it("keeps its resources in a refresh that cannot reach it", async () => {
    host.refuseConnections();
    const run = await workspace.refresh({ expectFailure: true });
    host.refuseConnections(false);

    expect(run.text).toMatch(/root@127\.0\.0\.1:\d+.*connect/);
    expect((await workspace.readState()).map(({ urn }) => urn.split("::").at(-1))).toEqual(["iommu", "gpu", "guest"]);
  });

  it("keeps them when libvirt does not answer", async () => {
    host.setLibvirtRunning(false);
    const run = await workspace.refresh({ expectFailure: true });
    host.setLibvirtRunning(true);

    expect(run.text).toContain("libvirt does not answer");
    expect(await findState(workspace, "guest")).toBeDefined();
  });

  it("loses the resource of a domain that is gone, on proof", async () => {
    await runByHand(host, "virsh undefine win11");
    const run = await workspace.refresh();

    expect(run.text).toContain("libvirt has no domain win11");
    expect(await findState(workspace, "guest")).toBeUndefined();
    expect(await findState(workspace, "gpu")).toBeDefined();
  });
});
