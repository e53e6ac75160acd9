import type { HostFacts, PciFunction } from "../../provider/src/model/host-facts";
import { buildFacts, buildFunction, buildInterface, buildUse, type FactsOverrides } from "./facts-builder";

const PORT = { class: "060400", id: "1b36:000c", driver: "pcieport" };

/** Functions of the lab's machine: q35 with an emulated Intel IOMMU. */
export const LAB_FUNCTIONS: readonly PciFunction[] = [
  buildFunction("00:00.0", { class: "060000", id: "8086:29c0", driver: "", iommuGroup: 0 }),
  buildFunction("00:01.0", { class: "030000", id: "1234:1111", driver: "bochs-drm", iommuGroup: 1, isBootVga: true }),
  buildFunction("00:02.0", { id: "1af4:1000", driver: "virtio-pci", iommuGroup: 2 }),
  buildFunction("00:03.0", { class: "010000", id: "1af4:1001", driver: "virtio-pci", iommuGroup: 3 }),
  buildFunction("00:04.0", { ...PORT, iommuGroup: 4 }),
  buildFunction("00:05.0", { ...PORT, iommuGroup: 5 }),
  buildFunction("00:1f.0", { class: "060100", id: "8086:2918", driver: "lpc_ich", iommuGroup: 6 }),
  buildFunction("00:1f.2", { class: "010601", id: "8086:2922", driver: "ahci", iommuGroup: 6 }),
  buildFunction("00:1f.3", { class: "0c0500", id: "8086:2930", driver: "i801_smbus", iommuGroup: 6 }),
  buildFunction("01:00.0", { iommuGroup: 7, ancestors: ["00:04.0"] }),
  buildFunction("02:00.0", { class: "060400", id: "1b36:000e", driver: "", iommuGroup: 8, ancestors: ["00:05.0"] }),
  buildFunction("03:01.0", { id: "8086:100e", driver: "e1000", iommuGroup: 8, ancestors: ["02:00.0", "00:05.0"] }),
  buildFunction("03:02.0", { id: "8086:100e", driver: "e1000", iommuGroup: 8, ancestors: ["02:00.0", "00:05.0"] }),
];

/** The lab's machine with its root disk and the session's NIC. */
export function buildLabFacts(overrides: FactsOverrides = {}): HostFacts {
  return buildFacts({
    pci: LAB_FUNCTIONS,
    storage: { uses: [buildUse("/", ["00:03.0"], { source: "/dev/vda1" })] },
    network: {
      interfaces: [
        buildInterface("lo", [], { addresses: ["127.0.0.1/8"] }),
        buildInterface("enp0s2", ["00:02.0"], { addresses: ["10.0.2.15/24"], hasDefaultRoute: true }),
        buildInterface("enp1s0", ["01:00.0"], { addresses: [], isUp: false }),
      ],
      sessionInterface: "enp0s2",
    },
    ...overrides,
  });
}

/** The same machine booted with its IOMMU off. */
export function buildLabFactsWithoutIommu(): HostFacts {
  return buildLabFacts({ pci: LAB_FUNCTIONS.map(dropGroup), iommu: { units: [], groups: [] } });
}

function dropGroup(device: PciFunction): PciFunction {
  const copy: { -readonly [Key in keyof PciFunction]: PciFunction[Key] } = { ...device };
  delete copy.iommuGroup;
  return copy;
}
