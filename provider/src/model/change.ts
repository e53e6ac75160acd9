import type { DaemonMode } from "./packages/daemons";
import type { PciAddress } from "./pci/address";
import type { DomainName } from "./reboot/conditions";

/**
 * A change of a host as a value: what it rests on, and its steps in order. A transaction runs it as one command: when an
 * expectation does not hold any more nothing is written, and when a step fails those before it are taken back.
 */
export interface Change {
  /** Names the change in the host's journal: one word, such as `HostIommuConfig`. */
  readonly label: string;
  readonly expectations: readonly Expectation[];
  readonly steps: readonly ChangeStep[];
}

/** A fact that the plan rests on, compared on the host under its lock before the first write. */
export type Expectation =
  | { readonly kind: "boot"; readonly bootId: string }
  /** `sha256` undefined: the file must not exist. */
  | { readonly kind: "file"; readonly path: string; readonly sha256: string | undefined }
  /** `driver` undefined: none. */
  | { readonly kind: "device"; readonly address: PciAddress; readonly id: string; readonly driver: string | undefined }
  | { readonly kind: "virtual-functions"; readonly address: PciAddress; readonly count: number }
  | { readonly kind: "domain"; readonly uuid: string; readonly sha256: string }
  /** Neither the UUID nor the name is known to libvirt. */
  | { readonly kind: "no-domain"; readonly uuid: string; readonly name: string }
  | { readonly kind: "domain-active"; readonly uuid: string; readonly isActive: boolean }
  /** A file with something in it, which is given to a program of the host. */
  | { readonly kind: "readable"; readonly path: string }
  /** SHA-256 of what the package manager says that it would do. */
  | { readonly kind: "packages"; readonly sha256: string };

/** One step. Every kind is a function of transaction.sh and knows how it is taken back. */
export type ChangeStep =
  | { readonly kind: "write"; readonly path: string; readonly text: string; readonly isExecutable?: boolean }
  | { readonly kind: "generate"; readonly menu: MenuGeneration }
  | { readonly kind: "clean"; readonly path: string }
  /** Gives a variable of GRUB's environment block another value, if it still has the one of before. */
  | {
      readonly kind: "set-variable";
      readonly tool: string;
      readonly path: string;
      readonly name: string;
      readonly before: string;
      readonly after: string;
    }
  /** Removes a file that is ours as a whole. */
  | { readonly kind: "remove"; readonly path: string }
  /** Stops the unit that would take a trial boot back. */
  | { readonly kind: "confirm-trial"; readonly unit: string }
  /** Makes an entry the choice of the next boot only; that boot clears the choice itself. */
  | { readonly kind: "boot-once"; readonly choice: BootChoice; readonly entry: string }
  | { readonly kind: "clear-boot-once"; readonly choice: BootChoice }
  /** Looks into initial ramdisks and builds anew those that must be. */
  | { readonly kind: "initramfs"; readonly work: ImageWork }
  /** Has rpm-ostree make a deployment whose command line has these words and lacks those. */
  | {
      readonly kind: "set-arguments";
      readonly tool: string;
      readonly present: readonly string[];
      readonly absent: readonly string[];
    }
  /** Has Proxmox's tool bring its boot partitions up to date, and looks at each of them. */
  | {
      readonly kind: "refresh-partitions";
      readonly tool: string;
      readonly loader: "grub" | "systemd-boot";
      readonly present: readonly string[];
      readonly absent: readonly string[];
    }
  | { readonly kind: "build-image"; readonly build: ImageBuild }
  /** Lets an interrupted installation go on, or takes away the lock that it left. */
  | { readonly kind: "repair-packages"; readonly timeoutSeconds: number }
  /** Installs what is missing. `brings`: all that is not there yet and comes with it, which goes again if a step fails. */
  | {
      readonly kind: "install-packages";
      readonly packages: readonly string[];
      readonly brings: readonly string[];
      readonly timeoutSeconds: number;
    }
  /** Removes those of the packages that nothing else on the host needs. */
  | { readonly kind: "remove-packages"; readonly packages: readonly string[]; readonly timeoutSeconds: number }
  /** Enables and starts libvirt's daemons; `auto` is decided by what the packages bring and enable. */
  | {
      readonly kind: "enable-daemons";
      readonly mode: "auto" | DaemonMode;
      /** What is taken where the host has both and uses none. */
      readonly preferred: DaemonMode;
    }
  | { readonly kind: "disable-daemons"; readonly units: readonly string[] }
  /** Notes on the host what a resource will need to take its change back, should Pulumi never hear of it. */
  | { readonly kind: "record"; readonly name: string; readonly text: string }
  | { readonly kind: "forget"; readonly name: string }
  /** Starts domains that were shut down for a reboot; one that runs already is left alone. */
  | { readonly kind: "start-domains"; readonly domains: readonly DomainName[] }
  | {
      readonly kind: "take";
      readonly address: PciAddress;
      readonly driver: string;
      readonly method: "virsh" | "sysfs";
      readonly timeoutSeconds: number;
    }
  | {
      readonly kind: "return";
      readonly address: PciAddress;
      readonly driver: string | undefined;
      readonly timeoutSeconds: number;
    }
  /** Gives a physical function so many virtual ones. `driversAutoprobe` undefined: as it is. */
  | {
      readonly kind: "set-virtual-functions";
      readonly address: PciAddress;
      readonly count: number;
      readonly driversAutoprobe: boolean | undefined;
      readonly timeoutSeconds: number;
    }
  | { readonly kind: "show-node"; readonly address: PciAddress }
  /** `name` is one word that tells steps apart. */
  | { readonly kind: "attach"; readonly uuid: string; readonly name: string; readonly xml: string }
  | { readonly kind: "detach"; readonly uuid: string; readonly name: string; readonly xml: string }
  /** Gives a running domain a device. `timeoutSeconds` are for its return, should that have to be taken back. */
  | {
      readonly kind: "attach-live";
      readonly uuid: string;
      readonly name: string;
      readonly address: PciAddress;
      readonly xml: string;
      readonly timeoutSeconds: number;
    }
  /** Asks a running domain for a device and waits until its guest has let go of it. */
  | {
      readonly kind: "detach-live";
      readonly uuid: string;
      readonly name: string;
      readonly address: PciAddress;
      readonly xml: string;
      readonly timeoutSeconds: number;
    }
  /** Makes a domain known to libvirt; the XML has the UUID. */
  | { readonly kind: "define"; readonly uuid: string; readonly name: string; readonly xml: string }
  /** Has libvirt forget a domain; its disks stay, and so does its file of firmware variables if it is somebody's own. */
  | { readonly kind: "undefine"; readonly uuid: string; readonly name: string; readonly keepsVariables: boolean }
  /** Asks a guest to shut down and waits until it has; it is never ended by force. */
  | { readonly kind: "shut-down"; readonly uuid: string; readonly name: string; readonly timeoutSeconds: number }
  /** Starts a guest; `timeoutSeconds` are for its end, should that have to be taken back. */
  | { readonly kind: "start"; readonly uuid: string; readonly name: string; readonly timeoutSeconds: number }
  /** Asks the agent in a guest for its PCI devices, until it lists these; no answer is no failure. */
  | {
      readonly kind: "ask-guest";
      readonly uuid: string;
      readonly name: string;
      /** `vendor:device` of each device, one for each of several alike. */
      readonly ids: readonly string[];
      readonly timeoutSeconds: number;
    };

/** Where a boot loader keeps the choice of the next boot: GRUB in its environment block, systemd-boot in the firmware. */
export type BootChoice =
  | { readonly loader: "grub"; readonly tool: string; readonly probe: string; readonly path: string }
  | { readonly loader: "systemd-boot"; readonly tool: string };

/** A run of the boot loader's own generator, and the words its result must and must not boot. */
export interface MenuGeneration {
  /** Absolute path of `grub-mkconfig`. */
  readonly tool: string;
  /** Absolute path of `grub-script-check`. */
  readonly checker: string;
  readonly path: string;
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

/** A run of mkinitcpio for one unified kernel image, and the words that it must and must not hold. */
export interface ImageBuild {
  readonly tool: string;
  /** Path of the preset file, and the preset in it that makes the image. */
  readonly preset: string;
  readonly name: string;
  readonly path: string;
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

/** What initial ramdisks shall hold or no longer hold: a udev rule, and the driver that it binds. */
export interface ImageWork {
  readonly tool: { readonly kind: "initramfs-tools" | "dracut"; readonly build: string; readonly list: string };
  /** `carry`: an image that holds a driver of the devices must hold the rule too. `drop`: none may hold it. */
  readonly purpose: "carry" | "drop";
  /** Path of the rule on the root file system. */
  readonly rule: string;
  readonly driver: string;
  /** Drivers of the host that would take the devices. */
  readonly rivals: readonly string[];
  readonly devices: readonly PciAddress[];
  readonly images: readonly { readonly release: string; readonly path: string }[];
  /** Note of what each image was found to hold. */
  readonly record: string;
}
