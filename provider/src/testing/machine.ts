/** A PCI function of a machine: what the firmware and the hardware say, before any driver is bound. */
export interface MachineFunction {
  /** Full address, `0000:01:00.0`. */
  readonly address: string;
  /** Address of the bridge or port above it; absent for functions on the root bus. */
  readonly parent?: string;
  /** `vendor:device`, four hexadecimal digits each. */
  readonly id: string;
  readonly subsystem?: string;
  /** Six hexadecimal digits. */
  readonly class: string;
  /** Driver that takes the function when the host boots. */
  readonly driver?: string;
  /** True when that driver comes from the root file system, not from the initial ramdisk. */
  readonly lateDriver?: boolean;
  /** Number of its IOMMU group once the IOMMU is on; absent for what has no translation. */
  readonly group?: number;
  readonly bootVga?: boolean;
  /** Words of `reset_method`, such as `flr bus`. */
  readonly resetMethods?: string;
  /** True for a function without a PCI Express capability, which guests get behind a bridge. */
  readonly isConventional?: boolean;
  readonly numaNode?: number;
  readonly totalVfs?: number;
  /** What its virtual functions are, for a function with `totalVfs`. */
  readonly virtualFunctions?: MachineVirtualFunctions;
  /** How many of them its operator makes at every boot. Default: none. */
  readonly enabledVfs?: number;
  /** The physical function of a virtual one, which no description holds: they come and go while the host runs. */
  readonly physicalFunction?: string;
}

/** The virtual functions that a physical one can have. */
export interface MachineVirtualFunctions {
  readonly id: string;
  readonly driver: string;
  /** Distance from the physical function to the first, and from one to the next. */
  readonly offset: number;
  readonly stride: number;
  /** Most that the firmware has left memory for; by default all. */
  readonly mostWithMemory?: number;
  /** Whether the driver quietly does nothing while its network interface is down. */
  readonly needsInterfaceUp?: boolean;
}

/** A disk and what is on it; `stack` is a logical volume laid over one of its partitions. */
export interface MachineDisk {
  readonly name: string;
  /** Function that the disk hangs on. */
  readonly function: string;
  /** Folder between the function and the disk, such as `virtio1/block` or `nvme/nvme0`. */
  readonly below: string;
  /** Device number, `major:minor`, of the whole disk; partitions count up from it. */
  readonly number: string;
  readonly partitions: readonly MachineVolume[];
}

/** A partition or logical volume and its use. */
export interface MachineVolume {
  readonly name: string;
  readonly mountPoint?: string;
  readonly fileSystem?: string;
  readonly isSwap?: boolean;
  /** Device number where it is not the disk's plus its index. */
  readonly number?: string;
  /** Logical volumes that lie on it. */
  readonly holds?: readonly MachineVolume[];
}

/** A network interface; `ports` makes it a bridge. */
export interface MachineInterface {
  readonly name: string;
  readonly function?: string;
  /** Folder between the function and `net/`, such as `virtio0`. */
  readonly below?: string;
  readonly addresses?: readonly string[];
  readonly ports?: readonly string[];
  readonly isUp?: boolean;
  readonly gateway?: string;
}

/** A keyboard or mouse: `function` is the USB controller that it hangs on, absent for the old keyboard port. */
export interface MachineInput {
  readonly name: string;
  readonly function?: string;
}

/**
 * What generates and reads the boot menu. With BLS the entries are files of their own; Fedora's generator rewrites them,
 * that of RHEL 9 only when it is asked to, and that of RHEL 8 writes the variable that they name.
 */
export type MachineLoader =
  | "debian-grub"
  | "fedora-bls"
  | "rhel-bls"
  | "rhel8-bls"
  | "opensuse-grub"
  | "arch-grub"
  | "systemd-boot"
  | "unified-kernel-image"
  | "rpm-ostree"
  | "proxmox"
  | "proxmox-grub";

/** Whether the boot entries are files in `/boot/loader/entries`. */
export function hasBls(machine: Machine): boolean {
  return machine.loader.endsWith("-bls");
}

/** What the names of GRUB's tools and its folder begin with. */
export function grubPrefix(machine: Machine): "grub" | "grub2" {
  return hasBls(machine) || machine.loader === "opensuse-grub" ? "grub2" : "grub";
}

/** Everything that makes one simulated machine differ from another. */
export interface Machine {
  /** One sentence on what the machine is and what it is for. */
  readonly description: string;
  readonly loader: MachineLoader;
  readonly hostname: string;
  readonly osRelease: string;
  /** Kernel releases, newest first. */
  readonly kernels: readonly string[];
  readonly kernelConfig: Readonly<Record<string, string>>;
  readonly cpu: { readonly vendor: string; readonly flags: string };
  readonly firmware: {
    readonly table?: "DMAR" | "IVRS";
    readonly isEfi: boolean;
    readonly hasSecureBoot?: boolean;
    /** True for hardware that translates memory and not interrupts. */
    readonly lacksInterruptRemapping?: boolean;
  };
  /** Folder of the menu where it lies on the EFI system partition instead of `/boot`. */
  readonly menuFolder?: string;
  /** Text of `/etc/default/grub`. */
  readonly grubDefaults: string;
  /** What `root=` of the boot entries names, such as `UUID=…`. */
  readonly rootArgument: string;
  readonly functions: readonly MachineFunction[];
  /** PCI drivers that are part of the kernel. */
  readonly builtInDrivers?: readonly string[];
  readonly disks: readonly MachineDisk[];
  readonly interfaces: readonly MachineInterface[];
  readonly inputs: readonly MachineInput[];
  /** Kinds of reserved region by IOMMU group, beside the ordinary ones; `direct` stands for an RMRR. */
  readonly reservedRegions?: Readonly<Record<number, string>>;
  /** Version of libvirt; absent for a host without it. */
  readonly libvirt?: string;
  /** XML of the domains that are defined. */
  readonly domains: readonly string[];
}

/** The machine of a running host: the list of its functions is its own, and holds its virtual functions as well. */
export interface RunningMachine extends Machine {
  readonly functions: MachineFunction[];
}

/** Calls `visit` for every volume of a machine, logical volumes after what they lie on. */
export function eachVolume(
  machine: Machine,
  visit: (volume: MachineVolume, disk: MachineDisk, number: string, below: MachineVolume | undefined) => void,
): void {
  for (const disk of machine.disks) {
    const [major = "0", minor = "0"] = disk.number.split(":");
    disk.partitions.forEach((partition, index) => {
      visit(partition, disk, partition.number ?? `${major}:${Number(minor) + index + 1}`, undefined);
      for (const volume of partition.holds ?? []) visit(volume, disk, volume.number ?? "253:0", partition);
    });
  }
}

/** Path of a block device's node: logical volumes lie below `/dev/mapper`. */
export function devicePath(volume: MachineVolume, isLogical: boolean): string {
  return isLogical ? `/dev/mapper/${volume.name}` : `/dev/${volume.name}`;
}
