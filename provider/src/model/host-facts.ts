import type { VirtualizationFacts } from "./packages/package-facts";
import type { PciAddress } from "./pci/address";
import type { ActivityFacts } from "./reboot/activity";
import type { HugePages, SurveyFacts } from "./survey/survey-facts";

/**
 * Everything one snapshot says about a host. Absent optional members mean "the host does not have it"; what could not be
 * read makes the snapshot fail instead. Texts come from the host and are data: they are never evaluated.
 */
export interface HostFacts {
  readonly identity: HostIdentity;
  readonly cpu: CpuFacts;
  readonly firmware: FirmwareFacts;
  readonly kernel: KernelFacts;
  readonly iommu: IommuFacts;
  readonly boot: BootFacts;
  readonly pci: readonly PciFunction[];
  readonly storage: StorageFacts;
  readonly network: NetworkFacts;
  readonly inputDevices: readonly InputDevice[];
  readonly libvirt: LibvirtFacts;
  /** Notes of our own on the host, by name: what is needed to take changes back. */
  readonly records: Readonly<Record<string, string>>;
  readonly activity: ActivityFacts;
  readonly persistence: PersistenceFacts;
  /** Absent in a reading that an older version of the package has made. */
  readonly hugePages?: HugePageFacts;
  readonly security?: SecurityFacts;
  /** Only where the snapshot was asked for it. */
  readonly survey?: SurveyFacts;
  /** Undefined unless a resource asked for it, since it costs seconds. */
  readonly virtualization?: VirtualizationFacts;
}

/** Who the host is. */
export interface HostIdentity {
  /** `/etc/machine-id`: stays the same when the host changes its name or address. */
  readonly machineId: string;
  readonly hostname: string;
  /** `/proc/sys/kernel/random/boot_id`: changes with every boot. */
  readonly bootId: string;
  /** `ID` and `ID_LIKE` of `/etc/os-release`, in that order. */
  readonly distribution: readonly string[];
  /** `PRETTY_NAME` of `/etc/os-release`. */
  readonly distributionName: string;
}

export interface CpuFacts {
  /** `vendor_id` of `/proc/cpuinfo`, such as `GenuineIntel`. Never used to decide on the IOMMU. */
  readonly vendor: string;
  /** The virtualization flag, where there is one. */
  readonly virtualization?: "vmx" | "svm";
}

/** ACPI table that announces an IOMMU: `DMAR` (Intel), `IVRS` (AMD), `IORT` (Arm). */
export type FirmwareTable = "DMAR" | "IVRS" | "IORT";

export interface FirmwareFacts {
  readonly tables: readonly FirmwareTable[];
  readonly isEfi: boolean;
  /** Undefined where the firmware does not say. */
  readonly secureBoot?: boolean;
}

export interface KernelFacts {
  /** `uname -r`. */
  readonly release: string;
  /** Releases whose modules are installed, in no order. */
  readonly installedModules: readonly string[];
  /** `/proc/cmdline` without its newline. */
  readonly commandLine: string;
  /** IOMMU-related `CONFIG_*` of the running kernel: value after `=`, or `n` for "is not set"; absent when unknown. */
  readonly config: Readonly<Record<string, string>>;
  /** `/sys/kernel/security/lockdown`: the chosen word. */
  readonly lockdown?: "none" | "integrity" | "confidentiality";
}

export interface IommuFacts {
  /** Names below `/sys/class/iommu`, such as `dmar0`. */
  readonly units: readonly string[];
  readonly groups: readonly IommuGroup[];
}

export interface IommuGroup {
  readonly number: number;
  /** `DMA`, `DMA-FQ`, `identity`; absent on kernels older than 5.11. */
  readonly type?: string;
  readonly members: readonly PciAddress[];
  /** Kinds of reserved region; `direct` is an RMRR that forbids assignment. */
  readonly reservedRegions: readonly string[];
}

/** A PCI function as sysfs shows it. Ids and classes are lower-case hexadecimal without `0x`. */
export interface PciFunction {
  readonly address: PciAddress;
  /** `vendor:device`, such as `8086:10d3`. */
  readonly id: string;
  readonly subsystemId?: string;
  /** Six digits: class, subclass, programming interface. */
  readonly class: string;
  readonly driver?: string;
  /** Absent when unset (the kernel says `(null)`). */
  readonly driverOverride?: string;
  readonly iommuGroup?: number;
  readonly isBootVga: boolean;
  readonly numaNode?: number;
  readonly resetMethods?: readonly string[];
  readonly sriov?: SriovFacts;
  /** The physical function of a virtual function. */
  readonly physicalFunction?: PciAddress;
  /** Functions above this one, nearest first: bridges and ports up to the root. */
  readonly ancestors: readonly PciAddress[];
}

/** What a physical function says of its virtual functions. */
export interface SriovFacts {
  readonly totalVfs: number;
  readonly numVfs: number;
  /** Whether the host's drivers take new virtual functions; absent on kernels older than 4.12. */
  readonly driversAutoprobe?: boolean;
  /** Distance from the physical function to its first virtual one, and from one to the next; absent before 4.13. */
  readonly offset?: number;
  readonly stride?: number;
}

/** A use of storage: where it is mounted (`/`, `/boot`, …) or `swap`, and the PCI functions it hangs on. */
export interface StorageUse {
  readonly mountPoint: string;
  readonly source: string;
  readonly fileSystem: string;
  /** Every PCI function on the way to the disks; empty when `isTraced` is false. */
  readonly functions: readonly PciAddress[];
  /** False when the disks behind it could not be found (ZFS, network file systems, …). */
  readonly isTraced: boolean;
}

export interface StorageFacts {
  readonly uses: readonly StorageUse[];
}

export interface NetworkInterface {
  readonly name: string;
  /** PCI functions this interface, and what lies below it (bridge ports, bond members, VLAN parents), hangs on. */
  readonly functions: readonly PciAddress[];
  readonly addresses: readonly string[];
  /** The bridge or bond that this interface is a port of. */
  readonly controller?: string;
  readonly isUp: boolean;
  readonly hasDefaultRoute: boolean;
}

export interface NetworkFacts {
  readonly interfaces: readonly NetworkInterface[];
  /** Interface that carries the SSH session that took the snapshot; absent when it could not be told. */
  readonly sessionInterface?: string;
  /** False when addresses and routes could not be read: then every interface that is up counts as needed. */
  readonly isTraced: boolean;
}

/** A keyboard, mouse or other input device and the PCI functions it hangs on. */
export interface InputDevice {
  readonly name: string;
  readonly functions: readonly PciAddress[];
}

export interface LibvirtFacts {
  /** Undefined: no `virsh` on the host. */
  readonly version?: string;
  /** Why the daemon could not be asked, in libvirt's words; absent when it answered. */
  readonly connectError?: string;
  readonly domains: readonly DomainFacts[];
}

export interface DomainFacts {
  readonly uuid: string;
  readonly name: string;
  /** libvirt's word: `running`, `shut off`, `paused`, … */
  readonly state: string;
  /** `virsh dumpxml --inactive` without secrets. */
  readonly xml: string;
  /** SHA-256 of that output, hexadecimal. */
  readonly sha256: string;
  /** `virsh dumpxml` of an active domain, without secrets. */
  readonly liveXml?: string;
}

/** A file of the host: its bytes as text and what a transaction compares. */
export interface HostFile {
  readonly path: string;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly sha256: string;
  /** Undefined when the file is not UTF-8 text without NUL bytes, or larger than the snapshot's bound. */
  readonly text?: string;
}

export interface HugePageFacts {
  /** Size of the pages that one gets who names none. */
  readonly usualKib: number;
  readonly pools: readonly HugePages[];
}

/** What confines a QEMU beyond the rights of its user. */
export interface SecurityFacts {
  readonly isAppArmorOn: boolean;
  readonly isSelinuxEnforcing: boolean;
}

export interface BootFacts {
  /** Files that decide the next boot's command line, as far as they exist on this host. */
  readonly files: readonly HostFile[];
  /** Absolute paths of executables found: `grub-mkconfig`, `grub2-mkconfig`, `update-grub`, `grub-script-check`, `grubby`, `bootctl`, … */
  readonly tools: Readonly<Record<string, string>>;
  /** `[linux lines …]` of the generated GRUB menu, where there is one. */
  readonly grubConfig?: GrubConfigFacts;
  /** Settings of grubenv, where there is one. */
  readonly grubEnvironment?: Readonly<Record<string, string>>;
  /** The same as a whole, where it can be read. */
  readonly grubEnvironmentBlock?: GrubEnvironmentBlock;
  /** Names of kernels, newest first, below `/boot` (`vmlinuz-*`). */
  readonly kernels: readonly string[];
  /** Files that an interrupted change left behind. */
  readonly leftovers: readonly string[];
  /** Whether there is a `/dev/watchdog`, which resets a host that hangs. */
  readonly hasWatchdog: boolean;
  /** What a trial boot that was taken back left for us to read. */
  readonly trialReport?: string;
  /** What the boot loader of this boot says of itself in the firmware's variables; absent when it says nothing. */
  readonly loaderVariables?: LoaderVariables;
  /** Mounted file systems that the firmware can read, where boot loader entries may lie: `/boot`, `/boot/efi`, `/efi`. */
  readonly bootPartitions?: readonly string[];
  readonly unifiedImages?: readonly UnifiedImage[];
  /** Arguments of the next boot as `rpm-ostree kargs` prints them. */
  readonly deploymentArguments?: string;
  /** The line that Proxmox's boot partitions were last given, as far as is known. */
  readonly refreshedArguments?: string;
  /** Paths that tell boot loaders apart and exist on this host, such as `/run/ostree-booted`. */
  readonly markers: readonly string[];
}

/** GRUB's environment block: a file of fixed size that GRUB itself writes to as well, so it is no `HostFile`. */
export interface GrubEnvironmentBlock {
  /** Where the file lies; links are followed. */
  readonly path: string;
  readonly text: string;
}

/** Variables of the Boot Loader Interface. */
export interface LoaderVariables {
  /** `LoaderInfo`, such as `systemd-boot 252.39-1~deb12u1`. */
  readonly info?: string;
  /** `StubInfo`: the kernel came as a unified kernel image. */
  readonly stub?: string;
  /** The lower bits of `LoaderFeatures`. */
  readonly features?: number;
  /** `LoaderEntryDefault` and `LoaderEntryOneShot`: ids of entries. */
  readonly defaultEntry?: string;
  readonly oneShotEntry?: string;
}

/** A kernel with its initial ramdisk and command line in one file of `EFI/Linux`. */
export interface UnifiedImage {
  readonly path: string;
  readonly isSigned: boolean;
  readonly commandLine: string;
}

export interface GrubConfigFacts {
  readonly path: string;
  readonly sha256: string;
  /** True when the menu comes from `/boot/loader/entries` (BLS). */
  readonly usesBls: boolean;
  /** What the menu takes as its default, with variables as they are written: `0`, `${saved_entry}`, an id. */
  readonly defaultEntry: string;
  /** Whether the menu looks at `next_entry` and clears it. */
  readonly bootsOnce: boolean;
  /** Whether the menu reads `custom.cfg` beside it. */
  readonly readsCustom: boolean;
  /** The lines that list this system's kernels, as they stand. */
  readonly linuxSection: string;
  readonly entries: readonly BootEntry[];
}

/** One entry of the boot menu. */
export interface BootEntry {
  readonly title: string;
  readonly id?: string;
  /** Command line, without the path of the kernel. */
  readonly commandLine: string;
  readonly isRecovery: boolean;
}

/** What decides which driver a PCI function gets at boot, beside the kernel itself. */
export interface PersistenceFacts {
  /** Files whose names say that they are ours: udev rules, and what takes them into the initial ramdisk. */
  readonly files: readonly HostFile[];
  /** What an interrupted change of such a file or of an initial ramdisk left behind. */
  readonly leftovers: readonly string[];
  /** Initial ramdisks, as far as their usual places are known. */
  readonly images: readonly ImageFile[];
  /** PCI drivers that are modules; one that is bound and not among them is built into the kernel. */
  readonly moduleDrivers: readonly string[];
  /** Whether new kernels get their initial ramdisk from dracut, on a host that may have other generators too. */
  readonly isDracutHooked: boolean;
}

/** An initial ramdisk by what changes when it is built anew. */
export interface ImageFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly modifiedSeconds: number;
}
