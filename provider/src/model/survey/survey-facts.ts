/** What a snapshot reads beside everything else when it is asked for a survey. No plan rests on it. */
export interface SurveyFacts {
  /** Whether there is a `/dev/kvm`. */
  readonly hasKvm: boolean;
  /** Chips that interrupts come through, as `/proc/interrupts` names them: `IR-PCI-MSI`, `IO-APIC`. */
  readonly interruptChips: readonly string[];
  /** `allow_unsafe_interrupts` of vfio_iommu_type1 while that is loaded; absent while it is not. */
  readonly allowsUnsafeInterrupts?: boolean;
  /** Words behind `options vfio_iommu_type1` in modprobe.d: what the module gets when it is loaded. */
  readonly moduleOptions: readonly string[];
  readonly memory: MemoryFacts;
  /** Absolute paths of the QEMU system emulators that are installed. */
  readonly emulators: readonly string[];
  /** systemd's view of libvirt's units, those left out that the host does not have. */
  readonly units: readonly UnitFacts[];
  /** Names of the host's PCI functions, from its own `pci.ids`. */
  readonly names: PciNames;
}

export interface MemoryFacts {
  /** `MemTotal` of `/proc/meminfo`, in KiB; 0 when it could not be read. */
  readonly totalKib: number;
  readonly hugePages: readonly HugePages[];
}

/** Huge pages of one size. */
export interface HugePages {
  readonly sizeKib: number;
  readonly total: number;
  readonly free: number;
}

/** A unit of systemd that the host has. */
export interface UnitFacts {
  /** `libvirtd.service`. */
  readonly name: string;
  /** systemd's word: `enabled`, `disabled`, `masked`, `static`, `indirect`, … */
  readonly fileState: string;
  /** systemd's word: `active`, `inactive`, `failed`, … */
  readonly activeState: string;
}

export interface PciNames {
  /** Absolute path of the list; empty where the host has none. */
  readonly source: string;
  /** By four hexadecimal digits. */
  readonly vendors: Readonly<Record<string, string>>;
  /** By `vendor:device`. */
  readonly devices: Readonly<Record<string, string>>;
}
