import type { PciAddress } from "./pci/address";

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
  | { readonly kind: "domain"; readonly uuid: string; readonly sha256: string };

/** One step. Every kind is a function of transaction.sh and knows how it is taken back. */
export type ChangeStep =
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  | { readonly kind: "generate"; readonly menu: MenuGeneration }
  | { readonly kind: "clean"; readonly path: string }
  /** Notes on the host what a resource will need to take its change back, should Pulumi never hear of it. */
  | { readonly kind: "record"; readonly name: string; readonly text: string }
  | { readonly kind: "forget"; readonly name: string }
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
  | { readonly kind: "show-node"; readonly address: PciAddress }
  /** `name` is one word that tells steps apart. */
  | { readonly kind: "attach"; readonly uuid: string; readonly name: string; readonly xml: string }
  | { readonly kind: "detach"; readonly uuid: string; readonly name: string; readonly xml: string };

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
