/** Names for the PCI classes that people meet on a host, by class and subclass. */
const NAMES: Readonly<Record<string, string>> = {
  "0100": "SCSI controller",
  "0101": "IDE controller",
  "0104": "RAID controller",
  "0105": "ATA controller",
  "0106": "SATA controller",
  "0107": "SAS controller",
  "0108": "NVMe controller",
  "0200": "Ethernet controller",
  "0207": "InfiniBand controller",
  "0280": "network controller",
  "0300": "VGA controller",
  "0302": "3D controller",
  "0380": "display controller",
  "0400": "video device",
  "0401": "audio device",
  "0403": "audio device",
  "0500": "RAM controller",
  "0501": "flash memory controller",
  "0502": "CXL memory controller",
  "0600": "host bridge",
  "0601": "ISA bridge",
  "0604": "PCI bridge",
  "0607": "CardBus bridge",
  "0609": "PCI bridge",
  "0700": "serial controller",
  "0780": "communication controller",
  "0800": "interrupt controller",
  "0801": "DMA controller",
  "0802": "timer",
  "0803": "real-time clock",
  "0805": "SD host controller",
  "0806": "IOMMU",
  "0880": "system peripheral",
  "0900": "keyboard controller",
  "0c00": "FireWire controller",
  "0c03": "USB controller",
  "0c04": "Fibre Channel controller",
  "0c05": "SMBus controller",
  "0c07": "IPMI interface",
  "0d11": "Bluetooth controller",
  "0d80": "wireless controller",
  "1080": "encryption controller",
  "1180": "signal processing controller",
};

const BASE_NAMES: Readonly<Record<string, string>> = {
  "01": "storage controller",
  "02": "network controller",
  "03": "display controller",
  "04": "multimedia device",
  "05": "memory controller",
  "06": "bridge",
  "07": "communication controller",
  "08": "system peripheral",
  "09": "input device controller",
  "0b": "processor",
  "0c": "serial bus controller",
  "0d": "wireless controller",
  "10": "encryption controller",
  "11": "signal processing controller",
  "12": "processing accelerator",
  "13": "instrumentation device",
};

/** Says what a class is; the class has four or six hexadecimal digits, as {@link PciFunction.class} has it. */
export function describeClass(classCode: string): string {
  return NAMES[classCode.slice(0, 4)] ?? BASE_NAMES[classCode.slice(0, 2)] ?? `device of class ${classCode}`;
}

/** PCI-to-PCI (0604, 0609) and CardBus (0607) bridges have a bridge's header; libvirt assigns endpoints only. */
export function isPciBridge(classCode: string): boolean {
  return /^060[479]/.test(classCode);
}

/** Controllers that disks hang on: mass storage, and Fibre Channel, which counts as a serial bus. */
export function isStorageClass(classCode: string): boolean {
  return /^(?:01|0c04)/.test(classCode);
}

/** Controllers of networks. */
export function isNetworkClass(classCode: string): boolean {
  return classCode.startsWith("02");
}

/** Controllers that keyboards hang on; audio functions are left out, although their jacks are input devices to the kernel. */
export function isInputClass(classCode: string): boolean {
  return /^(?:0c03|09)/.test(classCode);
}

/** Host bridges: the processor's side of a PCI bus. */
export function isHostBridge(classCode: string): boolean {
  return classCode.startsWith("0600");
}

/**
 * Endpoints by their header, but parts of the host itself: bridges other than {@link isPciBridge}, memory, SMBus,
 * interrupt controllers, IOMMUs.
 */
export function isEssentialClass(classCode: string): boolean {
  return /^(?:05|06|0800|0806|0c05)/.test(classCode) && !isPciBridge(classCode);
}
