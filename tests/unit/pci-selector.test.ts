import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { DeviceSelector, selectDevice, type DeviceSelection } from "../../provider/src/model/pci/selector";
import { buildFacts, buildFunction } from "./facts-builder";
import { LAB_FUNCTIONS, buildLabFacts } from "./lab-facts";

const facts = buildLabFacts();

function select(input: { address?: string; id?: string }): DeviceSelection {
  return selectDevice(facts, DeviceSelector.parse(input));
}

function explain(selection: DeviceSelection): { property: string; reason: string } | undefined {
  return "problem" in selection ? selection.problem : undefined;
}

describe("DeviceSelector", () => {
  it.each([
    [{ address: "01:00.0" }, { address: "0000:01:00.0" }],
    [{ id: " 10DE:2684 " }, { id: "10de:2684" }],
    [
      { address: "0000:65:00.1", id: "10de:22ba" },
      { address: "0000:65:00.1", id: "10de:22ba" },
    ],
  ])("reads %j", (input, selector) => {
    expect(DeviceSelector.parse(input)).toEqual(selector);
  });

  it.each([
    [{}, "", "expected an address, an id, or both"],
    [{ address: "0000:82.0.0" }, "address", "is not a PCI address"],
    [{ id: "10de" }, "id", '"10de" is not a PCI id; expected vendor:device such as 10de:2684'],
    [{ id: "0x10de:0x2684" }, "id", "is not a PCI id"],
    [{ adress: "01:00.0" }, "", "adress"],
  ])("refuses %j", (input, path, message) => {
    const issues = DeviceSelector.safeParse(input).error?.issues ?? [];

    expect(issues.map((issue) => issue.path.join("."))).toContain(path);
    expect(issues.map((issue) => issue.message).join("\n")).toContain(message);
  });
});

describe("selectDevice", () => {
  it.each([
    [{ address: "01:00.0" }, "0000:01:00.0"],
    [{ address: "01:00.0", id: "8086:10D3" }, "0000:01:00.0"],
    [{ id: "8086:2922" }, "0000:00:1f.2"],
  ])("finds %j", (input, address) => {
    expect(select(input)).toMatchObject({ device: { address } });
  });

  it("finds every function of the host by its address", () => {
    fc.assert(
      fc.property(fc.constantFrom(...LAB_FUNCTIONS), (device) => {
        expect(select({ address: device.address, id: device.id })).toEqual({ device });
      }),
    );
  });

  it("says what is on the bus of a missing address, and that buses are renumbered", () => {
    expect(explain(select({ address: "01:00.1" }))).toEqual({
      property: "device.address",
      reason:
        "The host has no PCI function 0000:01:00.1. " +
        "On bus 0000:01 there is 0000:01:00.0 (Ethernet controller, 8086:10d3, driver e1000e). " +
        "Buses are renumbered when cards are added or removed, so an address that was right may have moved.",
    });
  });

  it("lists the buses when the wanted one is not there, and where the wanted id went", () => {
    expect(explain(select({ address: "07:00.0", id: "8086:10d3" }))).toEqual({
      property: "device.address",
      reason:
        "The host has no PCI function 0000:07:00.0. " +
        "Its buses are 0000:00, 0000:01, 0000:02 and 0000:03. 8086:10d3 is now at 0000:01:00.0. " +
        "Buses are renumbered when cards are added or removed, so an address that was right may have moved.",
    });
  });

  it("says what stands at the address now when the id does not match", () => {
    expect(explain(select({ address: "03:01.0", id: "8086:10d3" }))).toEqual({
      property: "device.id",
      reason:
        "0000:03:01.0 (Ethernet controller, 8086:100e, driver e1000) is not 8086:10d3. " +
        "8086:10d3 is now at 0000:01:00.0. " +
        "Buses are renumbered when cards are added or removed, so check the address.",
    });
  });

  it.each([
    [{ address: "01:00.0", id: "10de:2684" }, "device.id", "10de:2684 is nowhere on this host."],
    [{ address: "01:00.0", id: "8086:100e" }, "device.id", "8086:100e is now at 0000:03:01.0 and 0000:03:02.0."],
    [{ id: "10de:2684" }, "device.id", "The host has no PCI function with id 10de:2684. Nor has it any"],
    [{ id: "1af4:1041" }, "device.id", "Of the same vendor it has 0000:00:02.0 (Ethernet controller, 1af4:1000"],
    [{ id: "8086:100e" }, "device.id", "8086:100e is not unique on the host: it is at 0000:03:01.0 (Ethernet"],
  ])("explains %j", (input, property, reason) => {
    const problem = explain(select(input));

    expect(problem?.property).toBe(property);
    expect(problem?.reason).toContain(reason);
  });

  it("cuts a long list of candidates", () => {
    const pci = Array.from({ length: 12 }, (_, index) => buildFunction(`01:${index.toString(16).padStart(2, "0")}.0`));

    const selection = selectDevice(buildFacts({ pci }), { id: "8086:10d3" });

    expect(explain(selection)?.reason).toContain(
      "0000:01:07.0 (Ethernet controller, 8086:10d3, driver e1000e) and 4 more",
    );
  });

  it("says so when the host shows no PCI functions", () => {
    const selection = selectDevice(buildFacts(), DeviceSelector.parse({ address: "01:00.0" }));

    expect(explain(selection)?.reason).toContain("The host shows no PCI functions at all.");
  });
});
