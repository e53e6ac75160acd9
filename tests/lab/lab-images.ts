/** How a lab host of an image starts, and the variable that names the folder that its build filled. */
interface LabImageFacts {
  readonly firmware: Firmware;
  readonly folder: string;
  /** Whether what the host syncs may wait: apt-get syncs every file, and an emulated disk is slow at that. No power cuts then. */
  readonly isSyncedLater?: true;
}

/** What runs before the boot loader. */
export type Firmware = "bios" | "uefi";

/** The disks that tests/lab/images builds. */
const IMAGES = {
  "grub-bios": { firmware: "bios", folder: "PASSTHROUGH_LAB" },
  "grub-uefi": { firmware: "uefi", folder: "PASSTHROUGH_LAB_GRUB_UEFI" },
  "systemd-boot": { firmware: "uefi", folder: "PASSTHROUGH_LAB_SYSTEMD_BOOT" },
  bare: { firmware: "bios", folder: "PASSTHROUGH_LAB_BARE", isSyncedLater: true },
} as const satisfies Readonly<Record<string, LabImageFacts>>;

/** The name of a disk that a lab host can start from. */
export type LabImage = keyof typeof IMAGES;

/** What runs before the boot loader of an image. */
export function readFirmware(image: LabImage): Firmware {
  return IMAGES[image].firmware;
}

/** Whether the disk of an image's host takes its time with what the host wants to be synced. */
export function isSyncedLater(image: LabImage): boolean {
  return "isSyncedLater" in IMAGES[image];
}

/** The folder that holds an image's disk and keys. */
export function readImageFolder(image: LabImage): string {
  const name = IMAGES[image].folder;
  const folder = process.env[name];
  if (folder === undefined) throw new Error(`${name} must name the folder that build-image.sh filled for ${image}`);
  return folder;
}
