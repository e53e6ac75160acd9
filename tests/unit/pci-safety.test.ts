import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { checkDeviceAlone, checkSafety, listWaived } from "../../provider/src/model/pci/safety";
import { ABSOLUTE_RULES, SAFETY_RULES, SafetyRule, WAIVABLE_RULES } from "../../provider/src/model/pci/safety-rules";
import { buildFacts, buildFunction, buildUse } from "./facts-builder";
import { LAB_FUNCTIONS, buildLabFacts, buildLabFactsWithoutIommu } from "./lab-facts";
import { ask, findFunction, summarize } from "./safety-probe";

const noClaims = new Map();

describe("checkSafety on the lab's machine", () => {
  it.each([
    ["01:00.0", []],
    ["03:01.0", []],
    ["00:01.0", ["boot-display 00:01.0"]],
    ["00:02.0", ["ssh-session 00:02.0"]],
    ["00:03.0", ["root-storage 00:03.0"]],
    ["00:1f.2", ["essential-class 00:1f.0", "essential-class 00:1f.3"]],
    ["00:00.0", ["essential-class 00:00.0"]],
    ["00:04.0", ["bridge 00:04.0"]],
    ["02:00.0", ["bridge 02:00.0"]],
    ["00:05.0", ["bridge 00:05.0"]],
  ])("asked for %s finds %j", (address, expected) => {
    expect(summarize(ask(buildLabFacts(), address))).toEqual(expected);
  });

  it.each([
    [
      "00:02.0",
      "[ssh-session] 0000:00:02.0 (Ethernet controller, 1af4:1000, driver virtio-pci) carries interface enp0s2 of this SSH session. " +
        "Moving it would lose this SSH session, and with it the way to take the change back. " +
        "This rule cannot be waived. Reach the host over another network interface, or choose another device.",
    ],
    [
      "00:03.0",
      "[root-storage] 0000:00:03.0 (SCSI controller, 1af4:1001, driver virtio-pci) holds / (ext4 on /dev/vda1). " +
        "Moving it would lose / (ext4 on /dev/vda1). " +
        "This rule cannot be waived. Choose another device, or move these file systems to another controller.",
    ],
    [
      "02:00.0",
      "[bridge] 0000:02:00.0 (PCI bridge, 1b36:000e, no driver) is a bridge (to libvirt a non-endpoint), " +
        "which cannot be assigned to a guest and stays with the host. Moving it would lose everything below it: " +
        "0000:03:01.0 (Ethernet controller, 8086:100e, driver e1000) and 0000:03:02.0 (Ethernet controller, 8086:100e, driver e1000). " +
        "This rule cannot be waived. Name an endpoint below the bridge.",
    ],
    [
      "00:01.0",
      "[boot-display] 0000:00:01.0 (VGA controller, 1234:1111, driver bochs-drm) is the display that the host booted on. " +
        "Moving it would lose the screen and console of the host. " +
        'Make another card the primary display in the firmware setup. To move it all the same, set allow: ["boot-display"].',
    ],
  ])("says in full why %s is refused", (address, message) => {
    expect(ask(buildLabFacts(), address).map((finding) => finding.message)).toEqual([message]);
  });

  it("names the endpoints below a port, and not the bridges between", () => {
    expect(ask(buildLabFacts(), "00:05.0")[0]?.loses).toBe(
      "everything below it: 0000:03:01.0 (Ethernet controller, 8086:100e, driver e1000) " +
        "and 0000:03:02.0 (Ethernet controller, 8086:100e, driver e1000)",
    );
  });

  it("has the parts of a finding as data", () => {
    expect(ask(buildLabFacts(), "00:1f.2")[0]).toMatchObject({
      rule: "essential-class",
      isWaivable: true,
      address: "0000:00:1f.0",
      loses: "the low-speed devices behind it, such as firmware flash, clock, serial ports and power control",
    });
  });

  it("says nothing when no function needs to move", () => {
    const groups = [{ number: 2, members: [], reservedRegions: ["direct"] }];
    const facts = buildLabFacts({ iommu: { groups } });

    expect(checkSafety(facts, [], { device: findFunction(facts, "00:02.0"), allow: [], claims: noClaims })).toEqual([]);
  });
});

describe("allow", () => {
  it("waives a rule by its name, and lists what it waived", () => {
    const facts = buildLabFacts();
    const device = findFunction(facts, "00:01.0");
    const options = { device, allow: ["boot-display" as const], claims: noClaims };

    expect(checkSafety(facts, [device], options)).toEqual([]);
    expect(summarize(listWaived(facts, [device], options))).toEqual(["boot-display 00:01.0"]);
  });

  it("advises an input that keeps what is already waived", () => {
    const [finding] = ask(buildLabFacts(), "00:01.0", { allow: ["rmrr"] });

    expect(finding?.message).toContain('set allow: ["rmrr", "boot-display"].');
  });

  it("never changes what cannot be waived, whatever is allowed", () => {
    const facts = buildLabFacts();
    const anyFunction = fc.constantFrom(...LAB_FUNCTIONS.map((device) => device.address));

    fc.assert(
      fc.property(anyFunction, fc.subarray([...WAIVABLE_RULES]), (address, allow) => {
        const before = ask(facts, address).filter((finding) => !finding.isWaivable);
        const after = ask(facts, address, { allow });
        expect(after.filter((finding) => !finding.isWaivable)).toEqual(before);
        expect(after.some((finding) => finding.isWaivable && allow.some((rule) => rule === finding.rule))).toBe(false);
      }),
    );
  });

  it("does not trust names that the type forbids", () => {
    const allow = ["ssh-session"] as unknown as SafetyRule[];

    expect(summarize(ask(buildLabFacts(), "00:02.0", { allow }))).toEqual(["ssh-session 00:02.0"]);
  });

  it("offers no waiver for a function that is refused for good", () => {
    const pci = [buildFunction("01:00.0", { class: "010802", id: "144d:a80a", driver: "nvme", iommuGroup: 1 })];
    const uses = [buildUse("/", ["01:00.0"]), buildUse("/srv", ["01:00.0"])];

    const findings = ask(buildFacts({ pci, storage: { uses } }), "01:00.0");

    expect(summarize(findings)).toEqual(["root-storage 01:00.0"]);
  });
});

describe("SafetyRule", () => {
  it.each(WAIVABLE_RULES)("accepts %s", (rule) => {
    expect(SafetyRule.parse(rule)).toBe(rule);
  });

  it.each(ABSOLUTE_RULES)("says that %s cannot be waived", (rule) => {
    const message = SafetyRule.safeParse(rule).error?.issues[0]?.message;

    expect(message).toContain(
      `the safety rule "${rule}" cannot be waived; the rules that can be waived are boot-display,`,
    );
  });

  it("names the rules to someone who misspells one", () => {
    const message = SafetyRule.safeParse("bootdisplay").error?.issues[0]?.message;

    expect(message).toContain('"bootdisplay" is not a safety rule; the rules that can be waived are boot-display,');
  });

  it("documents every rule, in order", () => {
    expect(Object.keys(SAFETY_RULES)).toEqual([...WAIVABLE_RULES, ...ABSOLUTE_RULES].sort());
  });
});

describe("checkDeviceAlone", () => {
  const facts = buildLabFactsWithoutIommu();

  it.each([
    ["01:00.0", [], []],
    ["00:02.0", ["ssh-session 00:02.0"], []],
    ["00:1f.2", [], ["0000:00:1f.0", "0000:00:1f.3"]],
    ["03:01.0", [], ["0000:03:02.0"]],
    ["00:04.0", ["bridge 00:04.0"], []],
  ])("asked for %s finds %j and expects %j beside it", (address, findings, siblings) => {
    const check = checkDeviceAlone(facts, { device: findFunction(facts, address), allow: [], claims: noClaims });

    expect(summarize(check.findings)).toEqual(findings);
    expect(check.siblings.map((sibling) => sibling.address)).toEqual(siblings);
  });

  it("hints at the siblings in words", () => {
    const device = findFunction(facts, "03:01.0");

    expect(checkDeviceAlone(facts, { device, allow: [], claims: noClaims }).hint).toBe(
      "The IOMMU is off, so the group of 0000:03:01.0 is not known yet. It will probably hold " +
        "0000:03:02.0 (Ethernet controller, 8086:100e, driver e1000) as well.",
    );
  });

  it("expects neither virtual functions nor bridges beside a device", () => {
    const pf = buildFunction("01:00.0", { ancestors: ["00:01.0"] });
    const vf = buildFunction("01:10.0", { ancestors: ["00:01.0"], physicalFunction: "01:00.0" });
    const bridge = buildFunction("01:00.1", { class: "060400", ancestors: ["00:01.0"] });
    const host = buildFacts({ pci: [pf, vf, bridge] });

    const checks = [pf, vf].map((device) => checkDeviceAlone(host, { device, allow: [], claims: noClaims }));

    expect(checks).toEqual([
      { findings: [], siblings: [] },
      { findings: [], siblings: [] },
    ]);
  });
});
