import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import type { ChangeStep } from "../../provider/src/model/change";
import type { HostFacts, HostFile, PciFunction } from "../../provider/src/model/host-facts";
import type { Planned, PlanResult } from "../../provider/src/resources/definition";
import {
  planRule,
  renderSriovRule,
  sriovRulePath,
} from "../../provider/src/resources/sriov-virtual-functions/boot-rule";
import { SriovVirtualFunctionsInputs } from "../../provider/src/resources/sriov-virtual-functions/inputs";
import {
  planVirtualFunctions,
  planVirtualFunctionsRemoval,
  predictAddresses,
} from "../../provider/src/resources/sriov-virtual-functions/plan";
import type { SriovVirtualFunctionsState } from "../../provider/src/resources/sriov-virtual-functions/state";
import { buildFacts, buildFunction, buildInterface, buildUse, pciAddress, type FactsOverrides } from "./facts-builder";

const ADDRESS = "0000:04:00.0";
const SRIOV = { totalVfs: 8, numVfs: 0, driversAutoprobe: true, offset: 128, stride: 2 };
const PORT = buildFunction(ADDRESS, { id: "8086:1563", subsystemId: "8086:0001", driver: "ixgbe", sriov: SRIOV });

function physical(numVfs: number, more: Partial<typeof SRIOV> = {}): PciFunction {
  return { ...PORT, sriov: { ...SRIOV, numVfs, ...more } };
}

function virtual(count: number, driver = "ixgbevf"): PciFunction[] {
  return predictAddresses(pciAddress(ADDRESS), SRIOV, count).map((address) =>
    buildFunction(address, { id: "8086:1565", driver, physicalFunction: ADDRESS }),
  );
}

/** A host whose card has so many virtual functions, each with an interface of its own. */
function hostWith(count: number, overrides: FactsOverrides = {}, driver = "ixgbevf"): HostFacts {
  const functions = virtual(count, driver);
  const interfaces = functions.map(({ address }, index) => buildInterface(`v${index}`, [address], { addresses: [] }));
  return buildFacts({
    pci: [physical(count), ...functions],
    network: {
      interfaces: [buildInterface("eth0", ["0000:00:19.0"]), ...interfaces],
      sessionInterface: "eth0",
      isTraced: true,
    },
    ...overrides,
  });
}

function inputs(count: number, more: object = {}): SriovVirtualFunctionsInputs {
  return SriovVirtualFunctionsInputs.parse({ host: "kvm1", device: { address: ADDRESS }, count, ...more });
}

function requirePlanned(result: PlanResult): Planned {
  if (result.outcome !== "planned") throw new Error(JSON.stringify(result));
  return result;
}

function kindsOf(result: PlanResult): string[] {
  return (requirePlanned(result).change?.steps ?? []).map((step) =>
    step.kind === "set-virtual-functions" ? `${step.kind} ${step.count} ${String(step.driversAutoprobe)}` : step.kind,
  );
}

function ruleFor(count: number, driversAutoprobe?: boolean): HostFile {
  const text = renderSriovRule({ physical: PORT, count, driversAutoprobe });
  return { path: sriovRulePath(ADDRESS), text, sha256: createHash("sha256").update(text).digest("hex") };
}

describe("the inputs", () => {
  it.each<[string, object, string | undefined]>([
    ["a number and a device", { count: 4 }, undefined],
    ["none", { count: 0 }, undefined],
    ["less than none", { count: -1 }, "count"],
    ["half a function", { count: 1.5 }, "count"],
    ["no number", {}, "count"],
    ["a text for a number", { count: "4" }, "count"],
    ["another word", { count: 1, numVfs: 1 }, ""],
    ["too short a time", { count: 1, timeoutSeconds: 1 }, "timeoutSeconds"],
    ["no device", { count: 1, device: {} }, "device"],
  ])("take or refuse %s", (_what, more, property) => {
    const result = SriovVirtualFunctionsInputs.safeParse({ host: "kvm1", device: { address: ADDRESS }, ...more });

    expect(result.error?.issues.map(({ path }) => path.join("."))).toEqual(
      property === undefined ? undefined : [property],
    );
  });

  it("persist by default, and leave the drivers as they are", () => {
    expect(inputs(1)).toMatchObject({ persist: true, timeoutSeconds: 60 });
    expect(inputs(1).driversAutoprobe).toBeUndefined();
  });
});

describe("the rule", () => {
  it("waits for the driver, names the card, and acts on one without virtual functions only", () => {
    const condition =
      'ACTION=="add|bind", SUBSYSTEM=="pci", KERNEL=="0000:04:00.0", DRIVER=="?*", ATTR{vendor}=="0x8086", ATTR{device}=="0x1563", ATTR{subsystem_vendor}=="0x8086", ATTR{subsystem_device}=="0x0001", ATTR{sriov_numvfs}=="0"';

    expect(renderSriovRule({ physical: PORT, count: 4, driversAutoprobe: false })).toBe(
      "# pulumi-passthrough makes the virtual functions of 0000:04:00.0 8086:1563; it writes and removes this file as a whole.\n" +
        `${condition}, ATTR{sriov_drivers_autoprobe}="0"\n${condition}, ATTR{sriov_numvfs}="4"\n`,
    );
  });

  it.each<[string, readonly HostFile[], readonly string[], readonly string[]]>([
    ["none", [], [], ["write"]],
    ["the right one", [ruleFor(4)], [], []],
    ["one for another number", [ruleFor(2)], [], ["write"]],
    ["a leftover", [ruleFor(4)], [`${sriovRulePath(ADDRESS)}.passthrough-new`], ["clean"]],
  ])("is brought in order where there is %s", (_what, files, leftovers, kinds) => {
    const facts = buildFacts({ persistence: { files, leftovers } });
    const plan = planRule(
      facts,
      { address: pciAddress(ADDRESS) },
      { physical: PORT, count: 4, driversAutoprobe: undefined },
    );

    expect(plan.changes.map((step: ChangeStep) => step.kind)).toEqual(kinds);
  });
});

describe("a plan", () => {
  it.each<[string, HostFacts, SriovVirtualFunctionsInputs, readonly string[]]>([
    ["from none", hostWith(0), inputs(2), ["record", "set-virtual-functions 2 undefined", "write"]],
    ["without persist", hostWith(0), inputs(2, { persist: false }), ["record", "set-virtual-functions 2 undefined"]],
    ["for another number", hostWith(2), inputs(3), ["record", "set-virtual-functions 3 undefined", "write"]],
    [
      "to none",
      hostWith(2, { persistence: { files: [ruleFor(2)] } }),
      inputs(0),
      ["record", "set-virtual-functions 0 undefined", "remove"],
    ],
    ["for what is there", hostWith(2), inputs(2), ["write"]],
    ["for what is there and persists", hostWith(2, { persistence: { files: [ruleFor(2)] } }), inputs(2), []],
    [
      "for the drivers alone",
      hostWith(2, { persistence: { files: [ruleFor(2, false)] } }),
      inputs(2, { driversAutoprobe: false }),
      ["record", "set-virtual-functions 2 false"],
    ],
  ])("%s writes what has to be, the rule last", (_what, facts, wanted, kinds) => {
    expect(kindsOf(planVirtualFunctions(wanted, facts, undefined))).toEqual(kinds);
  });

  it("rests on the card, on each virtual function that would go, and on their number", () => {
    const { change } = requirePlanned(planVirtualFunctions(inputs(1), hostWith(2), undefined));

    expect(change?.expectations.map(({ kind }) => kind)).toEqual([
      "boot",
      "device",
      "device",
      "device",
      "virtual-functions",
      "file",
    ]);
  });

  it("knows the virtual functions only where their number stays", () => {
    expect(
      requirePlanned(planVirtualFunctions(inputs(2), hostWith(2), undefined)).computed["virtualFunctions"],
    ).toHaveLength(2);
    expect(requirePlanned(planVirtualFunctions(inputs(1), hostWith(2), undefined)).computed).not.toHaveProperty(
      "virtualFunctions",
    );
  });

  it("warns where the host uses the card itself, and of domains that lose their device", () => {
    const xml = `<domain><name>db</name><uuid>5f0c3c1e-9d1b-4f6e-8a3e-0d6b1f1d2c3a</uuid><devices><hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x04' slot='0x10' function='0x2'/></source></hostdev></devices></domain>`;
    const domain = { uuid: "5f0c3c1e-9d1b-4f6e-8a3e-0d6b1f1d2c3a", name: "db", state: "shut off", xml, sha256: "" };
    const facts = hostWith(2, { libvirt: { domains: [domain] } });
    const used = {
      ...facts,
      network: { ...facts.network, interfaces: [...facts.network.interfaces, buildInterface("eno1", [ADDRESS])] },
    };

    expect(requirePlanned(planVirtualFunctions(inputs(1), used, undefined)).warnings).toEqual([
      expect.stringMatching(/eno1 has 192\.0\.2\.10\/24; its driver may interrupt the link/),
      "0000:04:10.2 will be gone, and db cannot start without it",
    ]);
  });

  it.each<[string, FactsOverrides, string, string]>([
    ["vfio", {}, "vfio-pci", "is on vfio-pci, so a guest may have it"],
    ["a mounted disk", { storage: { uses: [buildUse("/srv", ["0000:04:10.0"])] } }, "nvme", "/srv"],
  ])("refuses to take one away that is in use by %s", (_what, overrides, driver, reason) => {
    const result = planVirtualFunctions(inputs(1), hostWith(1, overrides, driver), undefined);
    const raised = planVirtualFunctions(inputs(2), hostWith(1, overrides, driver), undefined);

    expect(result.outcome).toBe("planned");
    expect(raised).toMatchObject({
      outcome: "refused",
      problems: [{ property: "count", reason: expect.stringContaining(reason) }],
    });
  });

  it("is empty on the host that it leads to, and its removal leads back, whatever the numbers", () => {
    const number = fc.integer({ min: 0, max: 8 });
    fc.assert(
      fc.property(
        number,
        number,
        fc.option(fc.boolean(), { nil: undefined }),
        fc.boolean(),
        (before, count, autoprobe, persist) => {
          const wanted = inputs(count, { persist, ...(autoprobe !== undefined && { driversAutoprobe: autoprobe }) });
          const first = hostWith(before);
          const { host: after } = carryOut(first, planVirtualFunctions(wanted, first, undefined));
          const again = requirePlanned(planVirtualFunctions(wanted, after, undefined));

          expect(again.steps).toEqual([]);
          const state = {
            ...again.computed,
            persistence: { files: [], drift: [] },
          } as unknown as SriovVirtualFunctionsState;
          const { host: back } = carryOut(after, planVirtualFunctionsRemoval(wanted, state, after));
          expect([back.pci[0]?.sriov, back.persistence.files, back.records]).toEqual([first.pci[0]?.sriov, [], {}]);
        },
      ),
    );
  });
});

/** What a host is after a plan, as far as plans of this kind can see it. */
function carryOut(facts: HostFacts, result: PlanResult): { host: HostFacts } {
  let { records } = facts;
  let { files } = facts.persistence;
  let sriov = facts.pci[0]?.sriov ?? SRIOV;
  for (const step of requirePlanned(result).change?.steps ?? []) {
    if (step.kind === "record") records = { ...records, [step.name]: step.text };
    if (step.kind === "forget")
      records = Object.fromEntries(Object.entries(records).filter(([name]) => name !== step.name));
    if (step.kind === "write") files = [{ path: step.path, text: step.text, sha256: "" }];
    if (step.kind === "remove") files = files.filter(({ path }) => path !== step.path);
    if (step.kind === "set-virtual-functions")
      sriov = {
        ...sriov,
        numVfs: step.count,
        driversAutoprobe: step.driversAutoprobe ?? sriov.driversAutoprobe ?? true,
      };
  }
  const host = hostWith(sriov.numVfs, { records, persistence: { files } });
  return { host: { ...host, pci: host.pci.map((one, index) => (index === 0 ? { ...one, sriov } : one)) } };
}

describe("a removal", () => {
  const STATE: SriovVirtualFunctionsState = {
    physicalFunction: ADDRESS,
    virtualFunctions: [],
    previousCount: 1,
    previousDriversAutoprobe: true,
    persistence: { files: [], drift: [] },
  };

  it.each<[string, HostFacts, readonly string[]]>([
    ["goes back to the number of before", hostWith(2), ["set-virtual-functions 1 undefined"]],
    ["does so after a change that was cut short", hostWith(0), ["set-virtual-functions 1 undefined"]],
    [
      "does so after one whose answer was lost",
      hostWith(5, { records: { [`sriov-${ADDRESS}`]: "8086:1563 1 1 5" } }),
      ["set-virtual-functions 1 undefined", "forget"],
    ],
    ["leaves a number of someone else", hostWith(5), []],
    ["leaves the number of before", hostWith(1), []],
    ["leaves another card", buildFacts({ pci: [buildFunction(ADDRESS, { id: "8086:10d3" })] }), []],
    ["leaves a card that has lost its driver", buildFacts({ pci: [{ ...physical(0), driver: "vfio-pci" }] }), []],
  ])("%s", (_what, facts, kinds) => {
    expect(kindsOf(planVirtualFunctionsRemoval(inputs(2), STATE, facts))).toEqual(kinds);
  });
});

describe("the addresses", () => {
  it.each([
    ["of the first port", ADDRESS, 128, 2, ["0000:04:10.0", "0000:04:10.2"]],
    ["of the second port", "0000:04:00.1", 128, 2, ["0000:04:10.1", "0000:04:10.3"]],
    ["on the next bus", "0000:3b:00.0", 256, 1, ["0000:3c:00.0", "0000:3c:00.1"]],
  ])("are predicted as the kernel computes them: %s", (_what, address, offset, stride, expected) => {
    expect(predictAddresses(pciAddress(address), { ...SRIOV, offset, stride }, 2)).toEqual(expected);
  });

  it("are not guessed without the distances, and not all listed when there are many", () => {
    expect(predictAddresses(pciAddress(ADDRESS), { totalVfs: 8, numVfs: 0 }, 2)).toEqual([]);
    expect(predictAddresses(pciAddress(ADDRESS), SRIOV, 60).slice(-1)).toEqual(["and 44 more"]);
  });
});
