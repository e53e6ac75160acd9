import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { HostFacts } from "../../provider/src/model/host-facts";
import { listDeviceClaims } from "../../provider/src/model/libvirt/claims";
import { describeGroup } from "../../provider/src/model/pci/group";
import { surveyHost } from "../../provider/src/model/survey/survey-host";
import type { SurveyedDevice, Verdict } from "../../provider/src/model/survey/survey";
import { judgeDevice } from "../../provider/src/model/survey/verdict";
import { planDetachment } from "../../provider/src/resources/pci-group-detachment/plan";
import { PciGroupDetachmentInputs } from "../../provider/src/resources/pci-group-detachment/inputs";
import { buildFacts, buildFunction, pciAddress } from "./facts-builder";
import { buildLabFacts, buildLabFactsWithoutIommu, LAB_FUNCTIONS } from "./lab-facts";
import { findFunction } from "./safety-probe";

function surveyOf(facts: HostFacts, address: string): SurveyedDevice {
  const found = surveyHost(facts, "kvm1").devices.find((device) => device.address === pciAddress(address));
  if (found === undefined) throw new Error(`the survey has no ${address}`);
  return found;
}

function verdictOf(facts: HostFacts, address: string): Verdict {
  return surveyOf(facts, address).verdict;
}

function short(text: string): string {
  return text.replaceAll("0000:", "");
}

describe("the verdict on a function", () => {
  it.each([
    ["01:00.0", "free", [], []],
    ["03:01.0", "together", ["03:02.0"], []],
    ["02:00.0", "bridge", [], []],
    ["00:02.0", "needed", [], ["ssh-session"]],
    ["00:03.0", "needed", [], ["root-storage"]],
    ["00:01.0", "needed", [], ["boot-display"]],
    ["00:1f.2", "needed", ["00:1f.0", "00:1f.3"], ["essential-class"]],
  ])("%s is %s", (address, kind, others, rules) => {
    const verdict = verdictOf(buildLabFacts(), address);

    expect({ ...verdict, with: verdict.with.map(short) }).toMatchObject({ kind, with: others, rules });
  });

  it("says what needs it in the words of a preview's refusal", () => {
    expect(verdictOf(buildLabFacts(), "00:02.0").because).toEqual([
      "[ssh-session] 0000:00:02.0 (Ethernet controller, 1af4:1000, driver virtio-pci) carries interface enp0s2 of this SSH session.",
    ]);
  });

  it("is given once VFIO has it, with the members that do not have it yet", () => {
    const pci = LAB_FUNCTIONS.map((one) => (one.address === "0000:03:01.0" ? { ...one, driver: "vfio-pci" } : one));

    expect(verdictOf(buildLabFacts({ pci }), "03:01.0")).toEqual({
      kind: "given",
      with: ["0000:03:02.0"],
      because: [],
      rules: [],
    });
  });

  it("says which domains have it, and that it cannot be reset", () => {
    const pci = [buildFunction("01:00.0", { iommuGroup: 1, resetMethods: [] })];
    const xml =
      "<domain><name>win11</name><devices><hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source></hostdev></devices></domain>";
    const domain = { uuid: "u", name: "win11", state: "shut off", xml, sha256: "" };
    const device = surveyOf(buildFacts({ pci, libvirt: { domains: [domain] } }), "01:00.0");

    expect(device.verdict.because).toEqual([
      "0000:01:00.0 is in the configuration of domain win11.",
      "0000:01:00.0 has no way to be reset, so a guest may find it as the last one left it.",
    ]);
    expect(device.uses).toEqual([{ kind: "domain", what: "domain win11 (shut off)", isActive: false }]);
  });

  it.each([
    ["01:00.0", "free", [], ["The IOMMU is not in use, so the group of 0000:01:00.0 is not known yet."]],
    [
      "03:01.0",
      "together",
      ["03:02.0"],
      [
        "The IOMMU is off, so the group of 0000:03:01.0 is not known yet. It will probably hold 0000:03:02.0 (Ethernet controller, 8086:100e, driver e1000) as well.",
      ],
    ],
    ["00:02.0", "needed", [], [expect.stringContaining("[ssh-session]")]],
  ])("of %s without an IOMMU in use is %s, by the probable group", (address, kind, others, because) => {
    const verdict = verdictOf(buildLabFactsWithoutIommu(), address);

    expect({ ...verdict, with: verdict.with.map(short) }).toMatchObject({ kind, with: others, because });
  });

  it("is that no guest can have what the kernel leaves untranslated", () => {
    const pci = [
      buildFunction("00:02.0", { class: "030000", driver: "i915" }),
      buildFunction("01:00.0", { iommuGroup: 1 }),
    ];

    expect(verdictOf(buildFacts({ pci }), "00:02.0")).toEqual({
      kind: "needed",
      with: [],
      because: [
        "The kernel leaves 0000:00:02.0 without an IOMMU group although the IOMMU is in use, so no guest can have it.",
      ],
      rules: [],
    });
  });
});

describe("the verdict on a group", () => {
  it.each([
    [0, "needed", []],
    [4, "bridge", []],
    [7, "free", []],
    [8, "together", ["03:01.0", "03:02.0"]],
  ])("%d is %s", (number, kind, others) => {
    const group = surveyHost(buildLabFacts(), "kvm1").groups.find((one) => one.number === number);

    expect({ kind: group?.verdict.kind, with: group?.verdict.with.map(short) }).toEqual({ kind, with: others });
  });
});

describe("verdicts and plans", () => {
  /** Drivers of the lab's endpoints, and whether its IOMMU is in use. */
  const hosts = fc
    .record({
      isOn: fc.boolean(),
      drivers: fc.array(fc.constantFrom("vfio-pci", "e1000e", ""), { minLength: 13, maxLength: 13 }),
    })
    .map(({ isOn, drivers }) => {
      const pci = LAB_FUNCTIONS.map((one, i) =>
        buildFunction(one.address, { ...one, driver: one.class === "060400" ? "pcieport" : (drivers[i] ?? "") }),
      );
      return isOn
        ? buildLabFacts({ pci })
        : buildLabFacts({ pci: pci.map((one) => dropGroup(one)), iommu: { units: [], groups: [] } });
    });

  function dropGroup(one: HostFacts["pci"][number]): HostFacts["pci"][number] {
    return buildFunction(one.address, {
      class: one.class,
      id: one.id,
      driver: one.driver ?? "",
      isBootVga: one.isBootVga,
      ancestors: [...one.ancestors],
    });
  }

  it("agree: what a plan refuses is needed or a bridge, and what it moves is what has to go", () => {
    fc.assert(
      fc.property(hosts, fc.constantFrom(...LAB_FUNCTIONS), (facts, { address }) => {
        const device = findFunction(facts, address);
        const inputs = PciGroupDetachmentInputs.parse({ host: "kvm1", device: { address }, persist: false });
        const result = planDetachment(inputs, facts, undefined);
        const verdict = judgeDevice(facts, device, listDeviceClaims(facts));
        if (describeGroup(facts, device.address) === undefined) {
          // The plan waits for the group; the verdict may know better of the device's neighbours, never worse of itself.
          if (result.outcome === "refused") expect(["needed", "bridge"]).toContain(verdict.kind);
          return;
        }
        const isRefused = result.outcome === "refused";
        if (verdict.kind === "given") return;
        expect(["needed", "bridge"].includes(verdict.kind)).toBe(isRefused);
        if (isRefused || result.outcome !== "planned") return;
        const moved = result.steps.flatMap((step) => /^move (\S+)/.exec(step)?.[1] ?? []);
        expect([address, ...verdict.with].sort()).toEqual([...new Set([address, ...moved])].sort());
      }),
    );
  });
});
