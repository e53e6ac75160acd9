/** Program that installs packages. dnf 4 and dnf 5 differ in words and output. */
export type PackageManagerKind = "apt" | "dnf4" | "dnf5" | "zypper" | "pacman";

/** Distributions that share package names. */
export type DistributionFamily = "debian" | "fedora" | "red-hat" | "suse" | "arch";

/** What was found out about packages, libvirt's daemons and the host's fitness; only for hosts where a resource asks for it. */
export interface VirtualizationFacts {
  /** Undefined: none that we know. */
  readonly family?: DistributionFamily;
  /** Undefined: none that we know, or one that must not be used on this host. */
  readonly manager?: PackageManagerKind;
  /** Whether the host is made of images and takes packages with the next boot only, as rpm-ostree does. */
  readonly isImageBased: boolean;
  /** Words that the package manager is asked for: names, `@group`, `pattern:name`. */
  readonly requested: readonly string[];
  /** Packages among the requested ones, and among those that we brought, that are installed as a whole. */
  readonly installed: readonly InstalledPackage[];
  /** Packages that an interrupted run left half done, with the state in the package manager's words. */
  readonly halfDone: readonly HalfDonePackage[];
  /** Lock of a package manager that nobody holds any more and that would keep it from working. */
  readonly staleLock?: string;
  /** Undefined when everything that is requested is installed, so that nobody had to be asked. */
  readonly dryRun?: DryRun;
  readonly units: readonly UnitFacts[];
  /** Whether there is a `/dev/kvm`. */
  readonly hasKvm: boolean;
  readonly validation: readonly ValidationCheck[];
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

export interface HalfDonePackage {
  readonly name: string;
  readonly state: string;
}

/** A systemd unit of libvirt, with systemd's words for its states. */
export interface UnitFacts {
  readonly name: string;
  /** `loaded`, `masked`, …; units that do not exist are left out. */
  readonly load: string;
  /** `enabled`, `disabled`, `static`, … */
  readonly file: string;
  /** `active`, `inactive`, `failed`, … */
  readonly active: string;
}

/** One line of `virt-host-validate`. */
export interface ValidationCheck {
  readonly check: string;
  readonly result: "PASS" | "WARN" | "FAIL" | "NOTE";
  /** What the tool says beside the result, such as a remedy; may be empty. */
  readonly detail: string;
}

/** What the package manager would do, by its own account. */
export interface DryRun {
  readonly outcome: "possible" | "impossible";
  /** SHA-256 of the lines that say what would happen, hexadecimal: the same run has the same one. */
  readonly sha256: string;
  readonly changes: readonly PackageChange[];
  /** What it said against it, in its words; empty when it is possible. */
  readonly complaint: string;
}

/** One package in a dry run. */
export interface PackageChange {
  readonly action: "install" | "upgrade" | "downgrade" | "remove";
  readonly name: string;
  /** The version that comes, or of a removed package the one that goes. */
  readonly version: string;
}
