import type { PulumiFn } from "@pulumi/pulumi/automation";
import { HostIommuConfig } from "../../../provider/src/index";
import type { LabImage } from "../lab-images";
import type { LabConnection } from "../system-ssh";

/** What the engine is asked to do. */
export type Run = "up" | "destroy";

/** One transaction that faults are put into. */
export interface Scenario {
  readonly name: string;
  readonly image: LabImage;
  readonly program: (host: LabConnection) => PulumiFn;
  /** What is done before, without faults. */
  readonly before: readonly Run[];
  /** What the fault comes into. */
  readonly run: Run;
  /** How many boots after the run's begin its transaction comes: 1 for what follows a reboot. */
  readonly boots: number;
  /** All steps that the transaction announces, in their order, as `describeStep` has them. */
  readonly steps: readonly string[];
}

const GRUB = [
  ...replace("etc/default/grub"),
  "generate boot/grub/grub.cfg",
  "check boot/grub/grub.cfg",
  "rename boot/grub/grub.cfg",
];
const SYSTEMD_BOOT = [...replace("boot/efi/loader/entries/MACHINE-KERNEL.conf"), ...replace("etc/kernel/cmdline")];

/** Every row is run with every fault at every step. */
export const SCENARIOS: readonly Scenario[] = [
  ...changeCommandLine("grub-bios", GRUB),
  ...changeCommandLine("grub-uefi", GRUB),
  ...changeCommandLine("systemd-boot", SYSTEMD_BOOT),
];

/** The two transactions of a command line that nothing reboots for. */
function changeCommandLine(image: LabImage, edits: readonly string[]): Scenario[] {
  const common = { image, program: commandLine, boots: 0 };
  const applied = ["lock", "record HostIommuConfig", ...edits, "commit"];
  return [
    { ...common, name: "apply", before: [], run: "up", steps: applied },
    { ...common, name: "delete", before: ["up"], run: "destroy", steps: ["lock", ...edits, "commit"] },
  ];
}

function replace(path: string): string[] {
  return [`write ${path}`, `rename ${path}`];
}

/** The name of a step without what differs from host to host. */
export function describeStep(name: string): string {
  return name.replaceAll(/[0-9a-f]{32}/g, "MACHINE").replaceAll(/\d+\.\d+\.\d+-\d+-amd64/g, "KERNEL");
}

/** The command line alone; nothing reboots. */
function commandLine(host: LabConnection): PulumiFn {
  return () => {
    new HostIommuConfig("iommu", { host, mode: "passthrough" });
    return Promise.resolve();
  };
}
