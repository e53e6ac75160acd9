import type { PulumiFn } from "@pulumi/pulumi/automation";
import type { LabImage } from "../lab-images";
import type { LabConnection } from "../system-ssh";
import { commandLine, detachedGroup, triedCommandLine } from "./programs";
import type { Setting } from "./settings";

/** What the engine is asked to do. */
export type Run = "up" | "destroy";

/** What was done with the program before: nothing, an `up`, or one that ended while its trial boot waits to be confirmed. */
export type Before = "nothing" | "up" | "up to the trial boot";

/** One transaction that faults are put into. */
export interface Scenario {
  readonly name: string;
  readonly image: LabImage;
  readonly setting: Setting;
  readonly program: (host: LabConnection) => PulumiFn;
  /** What is done before, without faults. */
  readonly before: Before;
  /** What the fault comes into. */
  readonly run: Run;
  /** All steps that the transaction announces, in their order, as `describeStep` has them. */
  readonly steps: readonly string[];
}

/** What differs between boot loaders, and between what builds initial ramdisks. */
interface Kind {
  readonly image: LabImage;
  /** Steps that change the permanent command line. */
  readonly edits: readonly string[];
  /** The file that a trial's entry stands in. */
  readonly trialEntry: string;
  /** Steps that choose it for the next boot. */
  readonly choice: readonly string[];
  /** The file by which initial ramdisks take our rule in, and the ramdisk. */
  readonly carrier: string;
  readonly ramdisk: string;
  /** Another one, which nothing boots and which lacks the driver. */
  readonly spareRamdisk?: string;
}

const GRUB = {
  edits: [
    ...replace("etc/default/grub"),
    "generate boot/grub/grub.cfg",
    "check boot/grub/grub.cfg",
    "rename boot/grub/grub.cfg",
  ],
  trialEntry: "boot/grub/custom.cfg",
  choice: ["boot-once passthrough-trial", "rename boot/grub/grubenv"],
  carrier: "etc/initramfs-tools/hooks/passthrough-0000-01-00.0",
  ramdisk: "boot/initrd.img-KERNEL",
};

const KINDS: readonly Kind[] = [
  { image: "grub-bios", ...GRUB },
  { image: "grub-uefi", ...GRUB },
  {
    image: "systemd-boot",
    edits: [...replace("boot/efi/loader/entries/MACHINE-KERNEL.conf"), ...replace("etc/kernel/cmdline")],
    trialEntry: "boot/efi/loader/entries/_-passthrough-trial.conf",
    choice: ["boot-once _-passthrough-trial.conf"],
    carrier: "etc/dracut.conf.d/90-passthrough-0000-01-00.0.conf",
    ramdisk: "boot/efi/MACHINE/KERNEL/initrd.img-KERNEL",
    spareRamdisk: "boot/initrd.img-KERNEL",
  },
];

const UNIT = "etc/systemd/system/passthrough-trial.service";
const RULE = "etc/udev/rules.d/10-passthrough-0000-01-00.0.rules";

/** Every row is run with every fault at every step. */
export const SCENARIOS: readonly Scenario[] = KINDS.flatMap((kind) => [
  ...changeCommandLine(kind),
  ...tryCommandLine(kind),
  ...bindAtBoot(kind),
]);

/** The two transactions of a command line that nothing reboots for. */
function changeCommandLine({ image, edits }: Kind): Scenario[] {
  const common = { image, setting: "as built", program: commandLine } as const;
  const applied = ["lock", "record HostIommuConfig", ...edits, "commit"];
  return [
    { ...common, name: "apply", before: "nothing", run: "up", steps: applied },
    { ...common, name: "delete", before: "up", run: "destroy", steps: ["lock", ...edits, "commit"] },
  ];
}

/** What arms a trial and reboots into it, and what keeps the command line that was tried. */
function tryCommandLine({ image, edits, trialEntry, choice }: Kind): Scenario[] {
  const common = { image, setting: "as built", program: triedCommandLine, run: "up" } as const;
  const arming = ["lock", "record trial", ...replace(UNIT), ...replace(trialEntry), ...choice, "commit"];
  const clearing = [`remove ${trialEntry}`, `remove ${UNIT}`, "commit"];
  const kept = ["lock", "confirm-trial", "record HostIommuConfig", ...edits, ...clearing];
  return [
    { ...common, name: "trial", before: "nothing", steps: [...arming, "lock", "reboot"] },
    { ...common, name: "confirm", before: "up to the trial boot", steps: kept },
  ];
}

/** A group that is bound at every boot, by a rule that the initial ramdisk must hold because it holds the rival driver. */
function bindAtBoot({ image, carrier, ramdisk, spareRamdisk }: Kind): Scenario[] {
  const common = { image, setting: "driver in the initial ramdisk", program: detachedGroup } as const;
  const build = [
    ...["look into", "build", "check", "rename"].map((verb) => `${verb} ${ramdisk}`),
    ...(spareRamdisk === undefined ? [] : [`look into ${spareRamdisk}`]),
  ];
  const bound = [
    ...["lock", "record driver-0000:01:00.0", ...replace(RULE), ...replace(carrier), "detach 0000:01:00.0"],
    ...[...build, "record initramfs-0000:01:00.0", "commit"],
  ];
  const freed = ["lock", `remove ${RULE}`, `remove ${carrier}`, ...build, "reattach 0000:01:00.0", "commit"];
  return [
    { ...common, name: "persistence apply", before: "nothing", run: "up", steps: bound },
    { ...common, name: "persistence delete", before: "up", run: "destroy", steps: freed },
  ];
}

function replace(path: string): string[] {
  return [`write ${path}`, `rename ${path}`];
}

/** The name of a step without what differs from host to host. */
export function describeStep(name: string): string {
  return name.replaceAll(/[0-9a-f]{32}/g, "MACHINE").replaceAll(/\d+\.\d+\.\d+-\d+-amd64/g, "KERNEL");
}
