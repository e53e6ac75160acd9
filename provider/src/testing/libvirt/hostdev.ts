import { LibvirtError } from "./error";
import { renderHex } from "./hex";
import type { XmlElement } from "./xml";
import { childOf, createElement } from "./xml";

/** Order in which libvirt writes a host device's children. */
const ORDER = ["driver", "source", "teaming", "readonly", "shareable", "boot", "alias", "rom", "acpi", "address"];
const LIMITS = { domain: 0xffff, bus: 0xff, slot: 0x1f, function: 7 } as const;
const WIDTHS = { domain: 4, bus: 2, slot: 2, function: 1 } as const;
type Part = keyof typeof LIMITS;
const PARTS: readonly Part[] = ["domain", "bus", "slot", "function"];

/** Numbers of an address are read as C does: `0x` is hexadecimal, a leading zero octal. */
function parseNumber(element: XmlElement, part: Part): number {
  const text = element.attributes.get(part);
  if (text === undefined) return 0;
  const isOctal = /^0[0-7]+$/.test(text);
  const value = /^0x[0-9a-f]+$/i.test(text)
    ? parseInt(text, 16)
    : isOctal
      ? parseInt(text, 8)
      : /^\d+$/.test(text)
        ? Number(text)
        : NaN;
  if (Number.isNaN(value)) {
    throw new LibvirtError(
      `XML error: Invalid value for attribute '${part}' in element 'address': '${text}'. Expected non-negative integer value`,
    );
  }
  const limit = LIMITS[part];
  if (value > limit) {
    throw new LibvirtError(
      `XML error: Invalid PCI address ${part}='0x${value.toString(16)}', must be <= 0x${limit.toString(16).toUpperCase()}`,
    );
  }
  return value;
}

function normalizeAddress(element: XmlElement): void {
  const parts = PARTS.map(
    (part) => [part, `0x${parseNumber(element, part).toString(16).padStart(WIDTHS[part], "0")}`] as const,
  );
  const others = [...element.attributes].filter(([name]) => !(name in LIMITS) && name !== "type");
  const kind = element.attributes.get("type");
  element.attributes = new Map([...(kind === undefined ? [] : [["type", kind] as const]), ...parts, ...others]);
}

/** The source's address, `0000:01:00.0`: by this alone libvirt tells host devices apart. */
export function sourceOf(hostdev: XmlElement): string | undefined {
  const source = childOf(hostdev, "source");
  const address = source === undefined ? undefined : childOf(source, "address");
  if (hostdev.attributes.get("type") !== "pci" || address === undefined) return undefined;
  const [domain = "", bus = "", slot = "", fn = ""] = PARTS.map((part) =>
    parseNumber(address, part).toString(16).padStart(WIDTHS[part], "0"),
  );
  return `${domain}:${bus}:${slot}.${fn}`;
}

/** Brings a PCI host device into libvirt's normal form. */
export function normalizeHostdev(hostdev: XmlElement): void {
  if (hostdev.attributes.get("type") !== "pci") return;
  const known = new Map([
    ["mode", "subsystem"],
    ["type", "pci"],
    ["managed", hostdev.attributes.get("managed") === "yes" ? "yes" : "no"],
  ]);
  for (const [name, value] of hostdev.attributes) if (!known.has(name)) known.set(name, value);
  hostdev.attributes = known;
  const source = childOf(hostdev, "source");
  const address = source === undefined ? undefined : childOf(source, "address");
  if (source === undefined || address === undefined)
    throw new LibvirtError("XML error: missing <source> element in hostdev device");
  if (source.attributes.has("writeFiltering"))
    throw new LibvirtError(
      "unsupported configuration: Write filtering of PCI device configuration space is not supported by qemu",
    );
  normalizeAddress(address);
  if (sourceOf(hostdev) === "0000:00:00.0")
    throw new LibvirtError(
      "XML error: Invalid PCI address 0000:00:00, at least one of domain, bus, or slot must be > 0",
    );
  const guest = childOf(hostdev, "address");
  if (guest?.attributes.get("type") === "pci") normalizeAddress(guest);
  hostdev.children = hostdev.children
    .filter((child) => child.name !== "alias" || (child.attributes.get("name") ?? "").startsWith("ua-"))
    .sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  const rom = childOf(hostdev, "rom");
  if (rom !== undefined) {
    rom.attributes = new Map(
      ["enabled", "bar", "file"].flatMap((name) => {
        const value = rom.attributes.get(name);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  }
}

/** A guest's PCI address as an element. */
export function renderGuestAddress(bus: number, slot: number, fn: number): XmlElement {
  return createElement("address", [
    ["type", "pci"],
    ["domain", "0x0000"],
    ["bus", renderHex(bus, 2)],
    ["slot", renderHex(slot, 2)],
    ["function", renderHex(fn, 1)],
  ]);
}
