import type { FirmwareTable } from "../host-facts";
import type { SafetyRuleName } from "../pci/safety-rules";
import type { MemoryFacts, UnitFacts } from "./survey-facts";

/**
 * What a host is and what it could give to guests, read with one snapshot. It is plain JSON: the answer of `getHost`, the
 * output of `passthrough survey --json`, and what the page of `--html` draws.
 */
export interface HostSurvey {
  /** The host as the user named it. */
  readonly host: string;
  readonly identity: SurveyedIdentity;
  readonly cpu: {
    readonly vendor: string;
    readonly virtualization: "vmx" | "svm" | "none";
    /** Whether there is a `/dev/kvm`. */
    readonly hasKvm: boolean;
  };
  readonly memory: MemoryFacts;
  readonly firmware: {
    readonly tables: readonly FirmwareTable[];
    readonly isEfi: boolean;
    readonly secureBoot: "on" | "off" | "unknown";
  };
  readonly kernel: {
    readonly release: string;
    readonly commandLine: string;
    readonly lockdown: "none" | "integrity" | "confidentiality" | "unknown";
  };
  readonly iommu: SurveyedIommu;
  readonly boot: SurveyedBoot;
  readonly libvirt: SurveyedLibvirt;
  /** All PCI functions, by address. */
  readonly devices: readonly SurveyedDevice[];
  /** All IOMMU groups, by number; empty while the IOMMU is not in use. */
  readonly groups: readonly SurveyedGroup[];
  readonly domains: readonly SurveyedDomain[];
}

export interface SurveyedIdentity {
  /** `/etc/machine-id`. */
  readonly machineId: string;
  readonly hostname: string;
  /** `PRETTY_NAME` of `/etc/os-release`. */
  readonly distribution: string;
}

export interface SurveyedIommu {
  /** Units and groups in sysfs; never a message in a log, never a word of the command line alone. */
  readonly isActive: boolean;
  /** Why it is in use or not, in one sentence. */
  readonly because: string;
  /** Names below `/sys/class/iommu`, such as `dmar0`. */
  readonly units: readonly string[];
  readonly groupCount: number;
  /** Without it a guest that holds a device could send interrupts of others. */
  readonly interruptRemapping: "on" | "off" | "unknown";
  /** `vfio_iommu_type1.allow_unsafe_interrupts`. */
  readonly areUnsafeInterruptsAllowed: boolean;
}

export interface SurveyedBoot {
  /** Name of the boot loader, as `HostIommuConfig.bootLoader` takes it; `unknown` where none is recognised. */
  readonly loader: string;
  /** Why its command line cannot be changed; empty when it can. */
  readonly problem: string;
  readonly initramfsTool: "initramfs-tools" | "dracut" | "mkinitcpio" | "unknown";
  /** Releases of the installed kernels, newest first. */
  readonly kernels: readonly string[];
}

export interface SurveyedLibvirt {
  /** Empty: no `virsh` on the host. */
  readonly version: string;
  /** Why the daemon did not answer, in libvirt's words; empty when it did. */
  readonly error: string;
  /** Its units, monolithic and modular, those left out that the host does not have. */
  readonly units: readonly UnitFacts[];
}

/** A PCI function. */
export interface SurveyedDevice {
  /** `0000:01:00.0`. */
  readonly address: string;
  /** `vendor:device`. */
  readonly id: string;
  /** The subsystem's `vendor:device`; empty where it has none. */
  readonly subsystemId: string;
  /** Names from the host's own `pci.ids`; empty where they are not known. */
  readonly vendorName: string;
  readonly deviceName: string;
  /** Six hexadecimal digits. */
  readonly class: string;
  /** What it is, in words: `VGA controller`. */
  readonly className: string;
  readonly isBridge: boolean;
  /** Empty: none. */
  readonly driver: string;
  /** Empty: none. */
  readonly driverOverride: string;
  /** -1: none, as while the IOMMU is not in use. */
  readonly group: number;
  /** Nearest bridge or port above it; empty on the root bus. */
  readonly parent: string;
  readonly resetMethods: readonly string[];
  /** -1: not told. */
  readonly numaNode: number;
  readonly isBootVga: boolean;
  /** What it can make and has made of virtual functions; both 0 where it has no SR-IOV. */
  readonly virtualFunctions: { readonly total: number; readonly enabled: number };
  /** Of a virtual function, its physical one; else empty. */
  readonly physicalFunction: string;
  /** Empty for bridges: what hangs below them says it. */
  readonly uses: readonly DeviceUse[];
  readonly verdict: Verdict;
}

/** Who uses a function of the host. */
export interface DeviceUse {
  readonly kind: "mount" | "swap" | "network" | "ssh-session" | "boot-display" | "input" | "domain";
  /** What uses it, in words: `/ on /dev/nvme0n1p2 (ext4)`, `interface eth0`, `running domain win11`. */
  readonly what: string;
  /** Whether it is in use at this moment; a domain that is off only has it in its configuration. */
  readonly isActive: boolean;
}

/**
 * Whether a function, or a group, can go to a guest: `free` by itself; `together` with the other members, which the host can
 * spare as well; `needed` by the host, by one of the safety rules, or without a group although the IOMMU is in use; `bridge`,
 * which stays; `given` to a driver for guests already. While the IOMMU is not in use it is judged by the probable group.
 */
export interface Verdict {
  readonly kind: "free" | "together" | "needed" | "bridge" | "given";
  /** Addresses of further functions that have to go with it. */
  readonly with: readonly string[];
  /** Why it is needed, one sentence each; or what to know before it is taken. */
  readonly because: readonly string[];
  /** Safety rules that stand against it, each once; those that can be waived go into `allow`. */
  readonly rules: readonly SafetyRuleName[];
}

export interface SurveyedGroup {
  readonly number: number;
  /** `DMA`, `DMA-FQ`, `identity`; empty on kernels older than 5.11. */
  readonly type: string;
  /** Addresses of its functions that are no bridges. */
  readonly endpoints: readonly string[];
  readonly bridges: readonly string[];
  /** Whether VFIO would hand it out now. */
  readonly isViable: boolean;
  /** Whether the firmware keeps memory for a member (RMRR), so that the kernel assigns none. */
  readonly hasFirmwareMemory: boolean;
  readonly verdict: Verdict;
}

export interface SurveyedDomain {
  readonly name: string;
  readonly uuid: string;
  /** libvirt's word: `running`, `shut off`, `paused`, … */
  readonly state: string;
  /** PCI functions in its stored or live configuration. */
  readonly hostdevs: readonly string[];
}
