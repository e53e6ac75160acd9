import { z } from "zod";
import { PciAddress } from "../../model/pci/address";

/** libvirt takes any text for the ROM's file, and QEMU looks for a relative one where nobody expects it. */
const Rom = z
  .strictObject({
    enabled: z.boolean().optional().describe("Whether the guest sees an option ROM at all."),
    bar: z.boolean().optional().describe("Whether the ROM shows in the guest's memory."),
    file: z
      .string()
      .regex(/^\/[^\n]*[^/\n]$/, { error: "expected the absolute path of a file on the host" })
      .optional()
      .describe("A file on the host that the guest gets instead of the device's own ROM."),
  })
  .refine((rom) => rom.enabled !== false || (rom.bar === undefined && rom.file === undefined), {
    error: "a ROM that is not enabled has neither bar nor file",
  });

/** QEMU's largest; libvirt 9.0 takes larger ones, and the guest then does not start. */
const MOST_ACPI_INDEX = 16_383;

const GuestSlot = PciAddress.refine((address) => address.startsWith("0000:") && address !== "0000:00:00.0", {
  error: "expected an address in the guest such as 0000:05:00.0; libvirt gives guests no PCI domain but 0000",
});

const DeviceReference = z.looseObject({
  address: PciAddress.describe("Address of the function on the host."),
  managed: z.boolean().optional().describe("As `managed` of the resource, for this device alone."),
  rom: Rom.optional().describe("The device's option ROM as the guest sees it. Default: as libvirt and QEMU decide."),
  bootOrder: z
    .int()
    .min(1)
    .optional()
    .describe("Place of the device among those that the guest tries to boot from, from 1. Default: none."),
  driverModel: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, { error: "expected the name of a kernel module such as mlx5_vfio_pci" })
    .optional()
    .describe(
      "Driver of the host that serves the device to the guest, from libvirt 10.0 on. Default: libvirt chooses.",
    ),
  guestAddress: GuestSlot.optional().describe(
    "Where the guest sees the device, such as `0000:05:00.0`. Default: libvirt chooses, and keeps its choice.",
  ),
  acpiIndex: z
    .int()
    .min(1)
    .max(MOST_ACPI_INDEX)
    .optional()
    .describe("Number by which systems name network interfaces, such as 7 for `eno7`. Default: none."),
});

const OPTIONS = ["managed", "rom", "bootOrder", "driverModel", "guestAddress", "acpiIndex"] as const;

/** A device with options of its own. */
export type DeviceOptions = Pick<z.output<typeof DeviceReference>, "address" | (typeof OPTIONS)[number]>;

/** A device as it is stored: an address, as before there were options, or an object with some. */
export type DeviceInput = PciAddress | DeviceOptions;

/** An address, or an object with one; what a member of a PciGroupDetachment has beside it is left out. */
export const Device = z
  .union([PciAddress, DeviceReference], { error: (issue) => explain(issue) })
  .transform((device): DeviceInput => (typeof device === "string" ? device : pickOptions(device)));

function pickOptions(device: z.output<typeof DeviceReference>): DeviceInput {
  const given = OPTIONS.filter((name) => device[name] !== undefined);
  if (given.length === 0) return device.address;
  return Object.fromEntries(["address" as const, ...given].map((name) => [name, device[name]])) as DeviceOptions;
}

/** Of an object, what is wrong inside it says more than that it is no address either. */
function explain({ code, input, ...issue }: { readonly code?: string; readonly input?: unknown }): string {
  const errors = "errors" in issue ? (issue.errors as readonly (readonly z.core.$ZodIssue[])[]) : [];
  const inside = code === "invalid_union" && typeof input === "object" && input !== null ? (errors[1] ?? []) : [];
  if (inside.length === 0) return "expected a PCI address such as 0000:01:00.0, or a member of a PciGroupDetachment";
  return inside.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
}

/** The address on the host. */
export function addressOf(device: DeviceInput): PciAddress {
  return typeof device === "string" ? device : device.address;
}

/** The addresses on the host, in order. */
export function listAddresses({ devices }: { readonly devices: readonly DeviceInput[] }): PciAddress[] {
  return devices.map(addressOf);
}

/** The options of a device; none for a mere address. */
export function optionsOf(device: DeviceInput): Omit<DeviceOptions, "address"> {
  return typeof device === "string" ? {} : device;
}
