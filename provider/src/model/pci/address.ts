import { z } from "zod";

const PATTERN = /^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;

/**
 * The address of a PCI function, `domain:bus:slot.function` in lower-case hexadecimal, as sysfs writes it.
 * Input may leave out the domain (`01:00.0`) and use capitals; the value always carries both.
 */
export const PciAddress = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .refine((text) => PATTERN.test(text), {
    error: (issue) =>
      `${JSON.stringify(issue.input)} is not a PCI address; expected domain:bus:slot.function in hexadecimal, such as 0000:01:00.0 (slot 00 to 1f, function 0 to 7)`,
  })
  .transform((text) => (text.length === 7 ? `0000:${text}` : text))
  .brand<"PciAddress">();
export type PciAddress = z.infer<typeof PciAddress>;

/** The four numbers of an address. */
export interface PciAddressParts {
  readonly domain: number;
  readonly bus: number;
  readonly slot: number;
  readonly function: number;
}

/** Splits an address into its numbers. */
export function splitPciAddress(address: PciAddress): PciAddressParts {
  const [domain = "0", bus = "0", rest = "0.0"] = address.split(":");
  const [slot = "0", fn = "0"] = rest.split(".");
  return { domain: parseInt(domain, 16), bus: parseInt(bus, 16), slot: parseInt(slot, 16), function: parseInt(fn, 16) };
}

/** Joins four numbers into an address; throws a RangeError for numbers that no PCI function has. */
export function joinPciAddress(parts: PciAddressParts): PciAddress {
  const text = `${hex(parts.domain, 4)}:${hex(parts.bus, 2)}:${hex(parts.slot, 2)}.${hex(parts.function, 1)}`;
  const parsed = PciAddress.safeParse(text);
  if (!parsed.success) throw new RangeError(`${text} is not the address of a PCI function`);
  return parsed.data;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

/** libvirt's name of the node device: `pci_0000_01_00_0`. */
export function nodeDeviceName(address: PciAddress): string {
  return `pci_${address.replace(/[:.]/g, "_")}`;
}
