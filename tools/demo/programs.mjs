import { DomainHostdev, HostIommuConfig, PciGroupDetachment } from "pulumi-passthrough";

/** The whole way of a GPU from its host to a guest: the program that the demo is about. */
export function gpuProgram(host) {
  return async () => {
    const iommu = new HostIommuConfig("workstation", {
      host,
      mode: "passthrough",
      reboot: { policy: "ifRequired", onDelete: true },
    });
    const gpu = new PciGroupDetachment(
      "gpu",
      { host, device: { address: "01:00.0", id: "10de:2684" } },
      { dependsOn: iommu },
    );
    new DomainHostdev("win11-gpu", { host, domain: "win11", devices: gpu.members });
  };
}

/** The same with a mistake: 03:00.0 is the NIC that the SSH session itself comes through. */
export function carelessProgram(host) {
  const run = gpuProgram(host);
  return async () => {
    await run();
    new PciGroupDetachment("nic", { host, device: { address: "03:00.0" } });
  };
}
