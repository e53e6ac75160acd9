import type { PulumiFn } from "@pulumi/pulumi/automation";
import { HostIommuConfig, PciGroupDetachment } from "../../../provider/src/index";
import { ALONE } from "../programs";
import type { LabConnection } from "../system-ssh";

/**
 * Long enough for an emulated host to boot and to be confirmed while the machine is busy; a host whose power fails right
 * after the trial was armed stays so long in a trial that nobody confirms.
 */
const CONFIRM_TIMEOUT_SECONDS = 300;

/** The command line alone; nothing reboots. */
export function commandLine(host: LabConnection): PulumiFn {
  return () => {
    new HostIommuConfig("iommu", { host, mode: "passthrough" });
    return Promise.resolve();
  };
}

/** The command line by a trial boot. */
export function triedCommandLine(host: LabConnection): PulumiFn {
  return () => {
    new HostIommuConfig("iommu", {
      host,
      mode: "passthrough",
      trialBoot: { confirmTimeoutSeconds: CONFIRM_TIMEOUT_SECONDS },
      reboot: { policy: "ifRequired" },
    });
    return Promise.resolve();
  };
}

/** The NIC that is alone in its group, at every boot. */
export function detachedGroup(host: LabConnection): PulumiFn {
  return () => {
    new PciGroupDetachment("nic", { host, device: { address: ALONE, id: "8086:10d3" } });
    return Promise.resolve();
  };
}
