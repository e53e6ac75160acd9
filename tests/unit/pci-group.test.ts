import { describe, expect, it } from "@jest/globals";

import type { PciFunction } from "../../provider/src/model/host-facts";
import { describeGroup, hasHostDriver, isVfioDriver, listMembersToMove } from "../../provider/src/model/pci/group";
import { buildFacts, buildFunction, deriveGroups, pciAddress } from "./facts-builder";
import { buildLabFacts, buildLabFactsWithoutIommu } from "./lab-facts";

function addresses(devices: readonly PciFunction[] = []): string[] {
  return devices.map((device) => device.address.slice("0000:".length));
}

const gpu = { class: "030000", id: "10de:2684", iommuGroup: 1 };
const audio = { class: "040300", id: "10de:22ba", iommuGroup: 1 };
const root = { class: "060400", id: "8086:a70d", driver: "pcieport", iommuGroup: 1 };

describe("describeGroup", () => {
  it.each([
    { address: "01:00.0", number: 7, endpoints: ["01:00.0"], bridges: [] },
    { address: "03:01.0", number: 8, endpoints: ["03:01.0", "03:02.0"], bridges: ["02:00.0"] },
    { address: "02:00.0", number: 8, endpoints: ["03:01.0", "03:02.0"], bridges: ["02:00.0"] },
    { address: "00:1f.2", number: 6, endpoints: ["00:1f.0", "00:1f.2", "00:1f.3"], bridges: [] },
    { address: "00:00.0", number: 0, endpoints: ["00:00.0"], bridges: [] },
  ])("splits the group of $address into endpoints and bridges", ({ address, number, endpoints, bridges }) => {
    const group = describeGroup(buildLabFacts(), pciAddress(address));

    expect(group?.number).toBe(number);
    expect(addresses(group?.endpoints)).toEqual(endpoints);
    expect(addresses(group?.bridges)).toEqual(bridges);
  });

  it("knows no group without an active IOMMU, nor for an address that is not there", () => {
    expect(describeGroup(buildLabFactsWithoutIommu(), pciAddress("01:00.0"))).toBeUndefined();
    expect(describeGroup(buildLabFacts(), pciAddress("07:00.0"))).toBeUndefined();
  });

  it.each([
    ["nouveau", "snd_hda_intel", ["01:00.0", "01:00.1"]],
    ["vfio-pci", "snd_hda_intel", ["01:00.1"]],
    ["vfio-pci", "", []],
    ["vfio-pci", "pci-stub", []],
    ["mlx5_vfio_pci", "vfio-pci", []],
  ])("with drivers %j and %j is blocked by %j, never by its bridge", (first, second, blockers) => {
    const pci = [
      buildFunction("00:01.0", root),
      buildFunction("01:00.1", { ...audio, driver: second }),
      buildFunction("01:00.0", { ...gpu, driver: first }),
    ];

    const group = describeGroup(buildFacts({ pci }), pciAddress("01:00.0"));

    expect(addresses(group?.blockers)).toEqual(blockers);
    expect(group?.isViable).toBe(blockers.length === 0);
  });

  it.each([
    [["msi"], false],
    [["msi", "direct-relaxable"], false],
    [["direct", "msi"], true],
  ])("reads reserved regions %j", (reservedRegions, expected) => {
    const pci = [buildFunction("01:00.0", { iommuGroup: 7 })];
    const groups = deriveGroups(pci).map((group) => ({ ...group, reservedRegions }));

    const group = describeGroup(buildFacts({ pci, iommu: { groups } }), pciAddress("01:00.0"));

    expect(group?.hasFirmwareMemory).toBe(expected);
    expect(group?.type).toBe("DMA");
  });
});

describe("drivers", () => {
  it.each([
    ["vfio-pci", true, false],
    ["mlx5_vfio_pci", true, false],
    ["nvgrace_gpu_vfio_pci", true, false],
    ["pci-stub", false, false],
    ["notvfio-pci", false, true],
    ["vfio-pci-extra", false, true],
    ["nvidia", false, true],
  ])("knows %s", (driver, isVfio, isHosts) => {
    expect(isVfioDriver(driver)).toBe(isVfio);
    expect(hasHostDriver(buildFunction("01:00.0", { driver }))).toBe(isHosts);
  });
});

describe("listMembersToMove", () => {
  function move(pci: readonly PciFunction[], driver = "vfio-pci"): string[] {
    const device = pciAddress("01:00.0");
    const group = describeGroup(buildFacts({ pci }), device);
    return group === undefined ? [] : addresses(listMembersToMove(group, { device, driver }));
  }

  it.each([
    ["both functions of a card", "nouveau", "snd_hda_intel", ["01:00.0", "01:00.1"]],
    ["what is left of a half done move", "vfio-pci", "snd_hda_intel", ["01:00.1"]],
    ["nothing once all is done", "vfio-pci", "vfio-pci", []],
    ["functions without a driver", "", "", ["01:00.0", "01:00.1"]],
  ])("moves %s", (_, first, second, expected) => {
    const pci = [
      buildFunction("00:01.0", root),
      buildFunction("01:00.0", { ...gpu, driver: first }),
      buildFunction("01:00.1", { ...audio, driver: second }),
    ];

    expect(move(pci)).toEqual(expected);
  });

  it("leaves siblings alone that another VFIO driver holds, but moves the asked device off it", () => {
    const pci = [
      buildFunction("01:00.0", { ...gpu, driver: "vfio-pci" }),
      buildFunction("01:00.1", { ...audio, driver: "vfio-pci" }),
    ];

    expect(move(pci, "nvgrace_gpu_vfio_pci")).toEqual(["01:00.0"]);
  });

  it("leaves host bridges without a driver alone, and no other essential function", () => {
    const pci = [
      buildFunction("00:01.0", { class: "060000", id: "1022:1482", driver: "", iommuGroup: 1 }),
      buildFunction("00:14.3", { class: "060100", id: "1022:790e", driver: "", iommuGroup: 1 }),
      buildFunction("01:00.0", gpu),
    ];

    expect(move(pci)).toEqual(["00:14.3", "01:00.0"]);
  });
});
