import type { PciAddress } from "../pci/address";

/** What the guest may read of a device's option ROM. */
export interface HostdevRom {
  readonly enabled?: boolean;
  readonly bar?: boolean;
  readonly file?: string;
}

/** Where the guest sees a device. */
export interface GuestAddress {
  readonly address: PciAddress;
  readonly multifunction?: boolean;
}

/** Parts of an element that a declaration may name, and no longer name. */
export type HostdevPart = "driverModel" | "bootOrder" | "rom" | "acpiIndex" | "guestAddress";

/** An element of the domain that another one takes the place of, and what of it shall not stay. */
export interface HostdevBase {
  readonly xml: string;
  readonly drops: readonly HostdevPart[];
}

/** A PCI `<hostdev>` as we declare it; what is left out is left to libvirt. */
export interface HostdevSpec {
  readonly address: PciAddress;
  /** Whether libvirt takes the device from its host driver and gives it back; default true. */
  readonly managed?: boolean;
  /** Default: `hostdevAlias(address)`. */
  readonly alias?: string;
  readonly driverModel?: string;
  readonly bootOrder?: number;
  readonly rom?: HostdevRom;
  readonly acpiIndex?: number;
  readonly guestAddress?: GuestAddress;
  /** The element that this one takes the place of: what the declaration leaves open stays as it has it. */
  readonly base?: HostdevBase;
}

/** How the lines of an element are laid out; an empty `newline` puts all of it on one line. */
export interface Layout {
  readonly newline: string;
  readonly indent: string;
  /** What one level adds to the indent. */
  readonly unit: string;
}
