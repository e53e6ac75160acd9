import type { Machine } from "../machine";

/** Text of `/etc/os-release` on Debian 12. */
export const DEBIAN_RELEASE = [
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
  'NAME="Debian GNU/Linux"',
  'VERSION_ID="12"',
  "VERSION_CODENAME=bookworm",
  "ID=debian",
  "",
].join("\n");

/** What Debian 12's kernel is built with: VT-d is on without a parameter, except for an integrated GPU. */
export const DEBIAN_KERNEL_CONFIG: Readonly<Record<string, string>> = {
  CONFIG_IOMMU_SUPPORT: "y",
  CONFIG_INTEL_IOMMU: "y",
  CONFIG_INTEL_IOMMU_DEFAULT_ON: "n",
  CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: "y",
  CONFIG_AMD_IOMMU: "y",
  CONFIG_IOMMU_DEFAULT_DMA_LAZY: "y",
  CONFIG_IOMMU_DEFAULT_PASSTHROUGH: "n",
  CONFIG_VFIO: "m",
  CONFIG_VFIO_PCI: "m",
  CONFIG_VFIO_IOMMU_TYPE1: "m",
  CONFIG_IRQ_REMAP: "y",
};

/**
 * An emulated q35 machine: 01:00.0 alone in its group, 03:01.0 and 03:02.0 behind one conventional bridge, the chipset's
 * functions 00:1f.* together, the session's NIC at 00:02.0 and the root disk at 00:03.0.
 */
export const LAB_HARDWARE = {
  functions: [
    { address: "0000:00:00.0", id: "8086:29c0", subsystem: "1af4:1100", class: "060000", group: 0 },
    {
      address: "0000:00:01.0",
      id: "1234:1111",
      subsystem: "1af4:1100",
      class: "030000",
      driver: "bochs-drm",
      group: 1,
      bootVga: true,
    },
    {
      address: "0000:00:02.0",
      id: "1af4:1000",
      subsystem: "1af4:0001",
      class: "020000",
      driver: "virtio-pci",
      group: 2,
    },
    {
      address: "0000:00:03.0",
      id: "1af4:1001",
      subsystem: "1af4:0002",
      class: "010000",
      driver: "virtio-pci",
      group: 3,
    },
    { address: "0000:00:05.0", id: "1b36:000c", class: "060400", driver: "pcieport", group: 4, resetMethods: "pm" },
    { address: "0000:00:06.0", id: "1b36:000c", class: "060400", driver: "pcieport", group: 5, resetMethods: "pm" },
    { address: "0000:00:1f.0", id: "8086:2918", subsystem: "1af4:1100", class: "060100", driver: "lpc_ich", group: 6 },
    { address: "0000:00:1f.2", id: "8086:2922", subsystem: "1af4:1100", class: "010601", driver: "ahci", group: 6 },
    {
      address: "0000:00:1f.3",
      id: "8086:2930",
      subsystem: "1af4:1100",
      class: "0c0500",
      driver: "i801_smbus",
      group: 6,
    },
    {
      address: "0000:01:00.0",
      parent: "0000:00:05.0",
      id: "8086:10d3",
      subsystem: "8086:0000",
      class: "020000",
      driver: "e1000e",
      group: 7,
      resetMethods: "flr bus",
    },
    {
      address: "0000:02:00.0",
      parent: "0000:00:06.0",
      id: "1b36:000e",
      class: "060400",
      group: 8,
      resetMethods: "bus",
    },
    {
      address: "0000:03:01.0",
      parent: "0000:02:00.0",
      id: "8086:100e",
      subsystem: "1af4:1100",
      class: "020000",
      driver: "e1000",
      group: 8,
      isConventional: true,
    },
    {
      address: "0000:03:02.0",
      parent: "0000:02:00.0",
      id: "8086:100e",
      subsystem: "1af4:1100",
      class: "020000",
      driver: "e1000",
      group: 8,
      isConventional: true,
    },
  ],
  disks: [
    {
      name: "vda",
      function: "0000:00:03.0",
      below: "virtio1/block",
      number: "254:0",
      partitions: [{ name: "vda1" }, { name: "vda2", mountPoint: "/", fileSystem: "ext4" }],
    },
  ],
  interfaces: [
    { name: "enp0s2", function: "0000:00:02.0", below: "virtio0", addresses: ["10.0.2.15/24"], gateway: "10.0.2.2" },
    { name: "enp1s0", function: "0000:01:00.0", isUp: false },
    { name: "enp3s1", function: "0000:03:01.0", isUp: false },
    { name: "enp3s2", function: "0000:03:02.0", isUp: false },
  ],
  inputs: [{ name: "AT Translated Set 2 keyboard" }],
} satisfies Pick<Machine, "functions" | "disks" | "interfaces" | "inputs">;
