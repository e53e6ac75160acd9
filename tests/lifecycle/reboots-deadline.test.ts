import { expect, it } from "@jest/globals";
import { inRun, Resource } from "./driver";
import { useHosts } from "./hosts";

const start = useHosts();

it("a host that is not back in time keeps its state, and the next run goes on from there", async () => {
  const host = await start();
  const iommu = new Resource("HostIommuConfig");
  const reboot = { policy: "ifRequired", timeoutSeconds: 30, runningDomains: "shutdown" };
  const inputs = { host: host.connection, mode: "passthrough", reboot };
  host.startDomain("guest");
  host.faults.afterStep("reboot", () => {
    host.refuseConnections();
    host.cutPower();
  });

  await expect(inRun((run) => iommu.up(run, inputs))).rejects.toThrow();
  expect(iommu.state).toMatchObject({ isUnfinished: true });
  expect(iommu.output("rebootRequired")).toBe(true);

  await host.switchOn();
  expect(await inRun((run) => iommu.up(run, inputs))).toBe("update");
  expect(iommu.output("iommuActive")).toBe(true);
  expect(host.isDomainRunning("guest")).toBe(true);
});

it("a host that does not go down says so when the time is over", async () => {
  const host = await start();
  const iommu = new Resource("HostIommuConfig");
  const inputs = { host: host.connection, mode: "passthrough", reboot: { policy: "ifRequired", timeoutSeconds: 30 } };
  for (const tool of ["systemctl", "shutdown", "reboot"]) host.faults.failTool(tool);

  await expect(inRun((run) => iommu.up(run, inputs))).rejects.toThrow(
    "it was told to reboot and did not come back within 30 s; the last try said: it still answers from the old boot. Next: look at its console; once it answers, run again: the provider goes on from what it finds.",
  );
  expect(iommu.state).toMatchObject({ isUnfinished: true });

  host.faults.clear();
  expect(await inRun((run) => iommu.up(run, inputs))).toBe("update");
  expect(iommu.output("rebootRequired")).toBe(false);
}, 60_000);
