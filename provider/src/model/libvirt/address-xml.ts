import { joinPciAddress, splitPciAddress } from "../pci/address";
import type { PciAddress } from "../pci/address";
import type { XmlElement } from "./xml";
import { XmlError } from "./xml-grammar";
import { attributeOf } from "./xml-query";

const NUMBER = /^[ \t\r\n]*\+?(?:(0[xX][0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/;

/** Reads a number as libvirt does, with the base told by its beginning: `0x10` is 16, `010` is 8, `10` is 10. */
export function parseNumber(text: string): number {
  const [, hex, octal, decimal] = NUMBER.exec(text) ?? [];
  if (hex !== undefined) return parseInt(hex, 16);
  if (octal !== undefined) return parseInt(octal, 8);
  if (decimal !== undefined) return parseInt(decimal, 10);
  throw new XmlError(`${JSON.stringify(text)} is not a number`);
}

/** Reads a number that may be left out. */
export function parseOptionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseNumber(text);
}

/**
 * The PCI function that an `<address>` names; parts left out are 0. Undefined for numbers that no address of ours can
 * have, such as a domain above 0xffff: such a function is none that we declare.
 */
export function parseAddress(element: XmlElement): PciAddress | undefined {
  const [domain = 0, bus = 0, slot = 0, fn = 0] = ["domain", "bus", "slot", "function"].map((name) =>
    parseOptionalNumber(attributeOf(element, name)),
  );
  try {
    return joinPciAddress({ domain, bus, slot, function: fn });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Writes the four attributes of an address as libvirt does. */
export function renderAddress(address: PciAddress): string {
  const parts = splitPciAddress(address);
  return `domain=${hex(parts.domain, 4)} bus=${hex(parts.bus, 2)} slot=${hex(parts.slot, 2)} function=${hex(parts.function, 1)}`;
}

function hex(value: number, width: number): string {
  return `'0x${value.toString(16).padStart(width, "0")}'`;
}
