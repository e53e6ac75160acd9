import type { PulumiFn } from "@pulumi/pulumi/automation";
import {
  DomainHostdev,
  HostIommuConfig,
  PciGroupDetachment,
  PciPassthrough,
  type DeviceArgs,
  type VirtualizationSettings,
} from "../../provider/src/index";
import { AGENT_GUEST } from "./agent-guest";
import type { LabHost } from "./lab-host";

/** The NIC that is alone in its group. */
export const ALONE = "0000:01:00.0";
/** The two NICs that share a group behind a bridge. */
export const PAIR = ["0000:03:01.0", "0000:03:02.0"] as const;

/** The whole job: the IOMMU on, the lone NIC off its driver, and in the guest. */
export function wholeJob(host: LabHost): PulumiFn {
  return () => {
    const { connection } = host;
    const iommu = new HostIommuConfig("iommu", {
      host: connection,
      mode: "passthrough",
      reboot: { policy: "ifRequired" },
    });
    const device = { address: "01:00.0", id: "8086:10d3" };
    const nic = new PciGroupDetachment("nic", { host: connection, device }, { dependsOn: iommu });
    new DomainHostdev("guest-nic", { host: connection, domain: "guest", devices: nic.members });
    return Promise.resolve();
  };
}

/** The whole guide in one declaration, from a host without libvirt to a running guest that has the lone NIC. */
export function wholeGuide(host: LabHost, virtualization: VirtualizationSettings = {}): PulumiFn {
  return () => {
    const { proof } = new PciPassthrough("guide", {
      host: host.connection,
      device: { address: "01:00.0", id: "8086:10d3" },
      domain: "agent-guest",
      definition: AGENT_GUEST,
      iommu: { mode: "passthrough", reboot: { policy: "ifRequired", timeoutSeconds: 1200 } },
      virtualization,
      // An emulator inside an emulator: the guest takes more than a minute to start.
      hostdev: { agentTimeoutSeconds: 900, shutdownTimeoutSeconds: 300 },
    });
    return Promise.resolve({ proof });
  };
}

/** The command line alone; nothing reboots. */
export function iommuOnly(host: LabHost): PulumiFn {
  return () => {
    new HostIommuConfig("iommu", { host: host.connection, mode: "passthrough" });
    return Promise.resolve();
  };
}

/** A group off its drivers, by one of its members. */
export function detachment(host: LabHost, device: DeviceArgs): PulumiFn {
  return () => {
    new PciGroupDetachment("group", { host: host.connection, device });
    return Promise.resolve();
  };
}

/** A whole group in the guest, by one of its members. */
export function attachment(host: LabHost, device: DeviceArgs): PulumiFn {
  return () => {
    const group = new PciGroupDetachment("group", { host: host.connection, device });
    new DomainHostdev("guest-group", { host: host.connection, domain: "guest", devices: group.members });
    return Promise.resolve();
  };
}

/** Functions in the guest, without taking them off their drivers before it starts. */
export function inGuest(host: LabHost, devices: readonly string[]): PulumiFn {
  return () => {
    new DomainHostdev("guest-devices", { host: host.connection, domain: "guest", devices: [...devices] });
    return Promise.resolve();
  };
}

/** The IOMMU on by a trial boot, with further words that may make it fail. */
export function trialBoot(
  host: LabHost,
  options: { readonly confirmTimeoutSeconds: number; readonly words?: readonly string[] },
): PulumiFn {
  const { confirmTimeoutSeconds, words = [] } = options;
  return () => {
    new HostIommuConfig("iommu", {
      host: host.connection,
      kernelArguments: { present: [...words] },
      trialBoot: { confirmTimeoutSeconds },
      reboot: { policy: "ifRequired" },
    });
    return Promise.resolve();
  };
}
