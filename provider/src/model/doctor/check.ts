/** The checks of a host, in the order of the manual guide; those of a device come last and only where one is asked about. */
export const CHECK_NAMES = [
  "cpu-virtualization",
  "firmware-iommu",
  "kernel-iommu",
  "kernel-vfio",
  "iommu-in-use",
  "command-line",
  "interrupt-remapping",
  "lockdown",
  "iommu-groups",
  "firmware-memory",
  "boot-loader",
  "initramfs",
  "packages",
  "libvirt-daemon",
  "kvm-device",
  "device",
  "device-group",
  "device-firmware-memory",
  "device-reset",
  "device-safety",
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** One thing that was looked at. */
export interface Check {
  readonly name: CheckName;
  /** What was looked at, in a few words. */
  readonly title: string;
  /** `failure`: no device can be given to a guest like this; `warning`: it can, but there is something to know. */
  readonly outcome: "ok" | "warning" | "failure";
  /** What was found, in sentences. */
  readonly cause: string;
  /** What to do about it; empty when all is well. */
  readonly remedy: string;
}

/** What a check found, before it has its name. */
export type Finding = Omit<Check, "name" | "title">;

/** All is well. */
export function ok(cause: string): Finding {
  return { outcome: "ok", cause, remedy: "" };
}

/** Passthrough is possible, but there is something to know. */
export function warning(cause: string, remedy: string): Finding {
  return { outcome: "warning", cause, remedy };
}

/** Passthrough is not possible like this. */
export function failure(cause: string, remedy: string): Finding {
  return { outcome: "failure", cause, remedy };
}

/** What cannot be told before an earlier check is well. */
export function notYet(because: string): Finding {
  return warning(`Not looked at: ${because}.`, "Mend the failure above first.");
}
