import type { Machine } from "../machine";
import type { HostFiles } from "./host-files";

/** Names as the public list of PCI ids has them; what is not here has no name there either, as QEMU's 1234:1111. */
const VENDORS: Readonly<Record<string, readonly [name: string, devices: Readonly<Record<string, string>>]>> = {
  "1000": ["Broadcom / LSI", { "0016": "MegaRAID Tri-Mode SAS3508", c030: "PCIe Switch" }],
  "1002": ["Advanced Micro Devices, Inc. [AMD/ATI]", { "73bf": "Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]" }],
  "1022": [
    "Advanced Micro Devices, Inc. [AMD]",
    {
      "1484": "Starship/Matisse PCIe Dummy Function",
      "149e": "Genoa/Bergamo IOMMU",
      "149f": "Genoa/Bergamo Dummy Host Bridge",
      "14a4": "Genoa/Bergamo Root Complex",
      "14a6": "Genoa/Bergamo Root Complex Event Collector",
      "14a7": "Genoa/Bergamo Internal PCIe GPP Bridge",
      "14ab": "Genoa/Bergamo PCIe GPP Bridge",
      "14ac": "Genoa/Bergamo PCIe Dummy Function",
      "14ad": "Genoa/Bergamo Data Fabric; Function 0",
      "14ae": "Genoa/Bergamo Data Fabric; Function 1",
      "14af": "Genoa/Bergamo Data Fabric; Function 2",
      "14b0": "Genoa/Bergamo Data Fabric; Function 3",
      "14b1": "Genoa/Bergamo Data Fabric; Function 4",
      "14b2": "Genoa/Bergamo Data Fabric; Function 5",
      "14b3": "Genoa/Bergamo Data Fabric; Function 6",
      "14b4": "Genoa/Bergamo Data Fabric; Function 7",
      "14c9": "Genoa/Bergamo USB 3.1 xHCI Controller",
      "14ca": "Genoa/Bergamo Encryption Controller",
      "790b": "FCH SMBus Controller",
      "790e": "FCH LPC Bridge",
    },
  ],
  "10de": [
    "NVIDIA Corporation",
    {
      "22ba": "AD102 High Definition Audio Controller",
      "2684": "AD102 [GeForce RTX 4090]",
      "26b9": "AD102GL [L40S]",
    },
  ],
  "144d": [
    "Samsung Electronics Co Ltd",
    { a80a: "NVMe SSD Controller PM9A1/PM9A3/980PRO", a826: "NVMe SSD Controller PM174X" },
  ],
  "15b3": [
    "Mellanox Technologies",
    { "101d": "MT2892 Family [ConnectX-6 Dx]", "101e": "ConnectX Family mlx5Gen Virtual Function" },
  ],
  "1a03": ["ASPEED Technology, Inc.", { "1150": "AST1150 PCI-to-PCI Bridge", "2000": "ASPEED Graphics Family" }],
  "1af4": ["Red Hat, Inc.", { "1000": "Virtio network device", "1001": "Virtio block device" }],
  "1b36": ["Red Hat, Inc.", { "000c": "QEMU PCIe Root port", "000e": "QEMU PCIe-to-PCI bridge" }],
  "8086": [
    "Intel Corporation",
    {
      "100e": "82540EM Gigabit Ethernet Controller",
      "10d3": "82574L Gigabit Network Connection",
      "1563": "Ethernet Controller X550",
      "1565": "X550 Virtual Function",
      "15f3": "Ethernet Controller I225-V",
      "15ff": "Ethernet Controller X710 for 10GBASE-T",
      "2918": "82801IB (ICH9) LPC Interface Controller",
      "2922": "82801IR/IO/IH (ICH9R/DO/DH) 6 port SATA Controller [AHCI mode]",
      "2930": "82801I (ICH9 Family) SMBus Controller",
      "29c0": "82G33/G31/P35/P31 Express DRAM Controller",
      "4680": "AlderLake-S GT1",
      "7a84": "Z690 Chipset LPC/eSPI Controller",
      "7aa3": "Alder Lake-S PCH SMBus Controller",
      "7aa7": "Alder Lake-S PCH Shared SRAM",
      "7ab0": "Alder Lake-S PCH PCI Express Root Port #9",
      "7ab8": "Alder Lake-S PCH PCI Express Root Port #1",
      "7ad0": "Alder Lake-S HD Audio Controller",
      "7ae0": "Alder Lake-S PCH USB 3.2 Gen 2x2 XHCI Controller",
      a700: "Raptor Lake-S Host Bridge/DRAM Controller",
      a70d: "PCI Express 5.0 Graphics Port (PEG010)",
      a74d: "PCI Express 4.0 Graphics Port",
    },
  ],
};

/** Where the distribution has the list: Debian's package pci.ids, or hwdata elsewhere. */
function pathOf({ osRelease }: Machine): string {
  const isDebian = /^ID(?:_LIKE)?="?(?:debian|ubuntu)/m.test(osRelease);
  return isDebian ? "/usr/share/misc/pci.ids" : "/usr/share/hwdata/pci.ids";
}

/**
 * Writes the list in its own form: comments, vendors, their devices behind a tab, subsystems behind two, and at the end the
 * classes, whose lines look like those of vendors and devices.
 */
export function writePciIds(files: HostFiles, machine: Machine): void {
  const rows = Object.entries(VENDORS).flatMap(([vendor, [name, devices]]) => [
    `${vendor}  ${name}`,
    ...Object.entries(devices).flatMap(([id, device]) => [
      `\t${id}  ${device}`,
      `\t\t${vendor} ${id}  A board with it`,
    ]),
  ]);
  const head = ["#", "#\tList of PCI ID's", "#", "", "0001  SafeNet (wrong ID)", "\t10d3  A device of another vendor"];
  const tail = ["ffff  Illegal Vendor ID", "", "C 02  Network controller", "\t00  Ethernet controller", ""];
  files.write(pathOf(machine), [...head, ...rows, ...tail].join("\n"));
}
