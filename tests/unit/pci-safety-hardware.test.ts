import { describe, expect, it } from "@jest/globals";

import type { DeviceClaim, DeviceClaims } from "../../provider/src/model/pci/safety-hardware";
import { buildFacts, buildFunction, deriveGroups, pciAddress, pciAddresses } from "./facts-builder";
import { ask, summarize } from "./safety-probe";

const CARD = [
  buildFunction("01:00.0", { class: "030000", id: "10de:2684", driver: "nouveau", iommuGroup: 1 }),
  buildFunction("01:00.1", { class: "040300", id: "10de:22ba", driver: "snd_hda_intel", iommuGroup: 1 }),
];

function claim(address: string, ...claims: readonly DeviceClaim[]): DeviceClaims {
  return new Map([[pciAddress(address), claims]]);
}

describe("running-domain", () => {
  const facts = buildFacts({ pci: CARD });

  it.each([
    ["a stopped domain", { domain: "win11", isActive: false }, []],
    ["a running domain", { domain: "win11", isActive: true }, ["running-domain 01:00.1"]],
  ])("asks whether %s holds a member", (_, one, expected) => {
    expect(summarize(ask(facts, "01:00.0", { claims: claim("01:00.1", one) }))).toEqual(expected);
  });

  it("names the domains, and cannot be waived", () => {
    const both = [
      { domain: "win11", isActive: true },
      { domain: "games", isActive: true },
    ];

    const [finding] = ask(facts, "01:00.0", { claims: claim("01:00.0", ...both) });

    expect(finding?.isWaivable).toBe(false);
    expect(finding?.message).toContain("is in use by the running or paused domains games and win11.");
  });

  it("says nothing of a device that is already where it shall be", () => {
    const pci = CARD.map((device) => ({ ...device, driver: "vfio-pci" }));
    const claims = claim("01:00.0", { domain: "win11", isActive: true });

    expect(ask(buildFacts({ pci }), "01:00.0", { claims })).toEqual([]);
  });
});

describe("console-input", () => {
  const usb = buildFunction("00:14.0", { class: "0c0330", id: "8086:7ae0", driver: "xhci_hcd", iommuGroup: 2 });
  const jack = { name: "HDA NVidia HDMI/DP,pcm=3", functions: pciAddresses("01:00.1") };
  const keyboard = { name: "AT Keyboard", functions: pciAddresses("00:14.0") };

  it("protects the controller of a keyboard, and not an audio function with its jacks", () => {
    const facts = buildFacts({ pci: [...CARD, usb], inputDevices: [jack, keyboard] });

    const findings = ask(facts, "00:14.0");

    expect(summarize(findings)).toEqual(["console-input 00:14.0"]);
    expect(findings[0]?.loses).toBe('"AT Keyboard" at the host\'s console');
    expect(ask(facts, "01:00.0")).toEqual([]);
  });

  it("leaves a controller free that has nothing attached", () => {
    expect(ask(buildFacts({ pci: [usb], inputDevices: [jack] }), "00:14.0")).toEqual([]);
  });
});

describe("sriov", () => {
  const vf = buildFunction("01:10.0", { driver: "iavf", iommuGroup: 9, physicalFunction: "01:00.0" });

  it.each([
    [{ totalVfs: 8, numVfs: 0 }, []],
    [{ totalVfs: 8, numVfs: 1 }, ["sriov 01:00.0"]],
  ])("asks whether a physical function has virtual ones: %j", (sriov, expected) => {
    const pf = buildFunction("01:00.0", { iommuGroup: 1, sriov });

    expect(summarize(ask(buildFacts({ pci: [pf, vf] }), "01:00.0"))).toEqual(expected);
  });

  it("names the virtual functions and who has them", () => {
    const pf = buildFunction("01:00.0", { iommuGroup: 1, sriov: { totalVfs: 8, numVfs: 1 } });
    const claims = claim("01:10.0", { domain: "router", isActive: true });

    const [finding] = ask(buildFacts({ pci: [pf, vf] }), "01:00.0", { claims });

    expect(finding?.loses).toBe(
      "its 1 virtual function: 0000:01:10.0 (Ethernet controller, 8086:10d3, driver iavf), which router may be using",
    );
  });

  it("lets a virtual function go", () => {
    expect(ask(buildFacts({ pci: [vf] }), "01:10.0")).toEqual([]);
  });
});

describe("rmrr", () => {
  const groups = deriveGroups(CARD).map((group) => ({ ...group, reservedRegions: ["direct", "msi"] }));
  const facts = buildFacts({ pci: CARD, iommu: { groups } });

  it("stands once for the whole group, on the device that is asked for", () => {
    const findings = ask(facts, "01:00.1");

    expect(summarize(findings)).toEqual(["rmrr 01:00.1"]);
    expect(findings[0]?.message).toContain("is in IOMMU group 1, for which the firmware keeps memory");
  });

  it("can be waived", () => {
    expect(ask(facts, "01:00.0", { allow: ["rmrr"] })).toEqual([]);
  });
});

describe("essential-class", () => {
  it.each([
    ["060000", "the processor's way to a PCI bus"],
    ["060100", "the low-speed devices behind it, such as firmware flash, clock, serial ports and power control"],
    ["0c0500", "sensors, memory information and fan control behind the system management bus"],
    ["050000", "the memory behind it"],
    ["080020", "the interrupts that it delivers"],
    ["080600", "the IOMMU that passthrough itself rests on"],
    ["068000", "whatever the host reaches through it"],
  ])("says what the host loses with class %s", (code, loses) => {
    const pci = [buildFunction("00:1f.0", { class: code, iommuGroup: 6 })];

    expect(ask(buildFacts({ pci }), "00:1f.0")).toMatchObject([{ rule: "essential-class", isWaivable: true, loses }]);
  });
});
