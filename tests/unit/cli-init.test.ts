import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { describeHostAsProgram, type Wishes } from "../../provider/src/cli/init/describe-host";
import { Names } from "../../provider/src/cli/init/declaration";
import { renderProject } from "../../provider/src/cli/init/render-project";
import { isQuiet } from "../../provider/src/cli/planning";
import { buildFunction } from "./facts-builder";
import { buildLabFacts, LAB_FUNCTIONS } from "./lab-facts";

const NOTHING: Wishes = { connectUri: "qemu:///system", persist: true, managed: true };

/** The lab with functions on other drivers than its own. */
function describeWith(drivers: Readonly<Record<string, string>>): ReturnType<typeof describeHostAsProgram> {
  const pci = LAB_FUNCTIONS.map((device) => {
    const driver = drivers[device.address];
    return driver === undefined ? device : { ...device, driver };
  });
  return describeHostAsProgram("lab", buildLabFacts({ pci }), NOTHING);
}

describe("a host as a program", () => {
  it("declares nothing whose plan has steps, whatever is on a driver for guests", () => {
    const addresses = LAB_FUNCTIONS.map(({ address }): string => address);

    fc.assert(
      fc.property(fc.subarray(addresses), (given) => {
        const program = describeWith(Object.fromEntries(given.map((address) => [address, "vfio-pci"])));
        expect(program.declarations.filter(({ plan }) => !isQuiet(plan))).toEqual([]);
      }),
    );
  });

  it("leaves out a group of which only a part is given away, and says what its plan would move", () => {
    const { declarations, omissions } = describeWith({ "0000:03:01.0": "vfio-pci" });

    expect(declarations.filter(({ plan }) => plan.kind === "PciGroupDetachment")).toEqual([]);
    expect(omissions).toContainEqual({
      what: "IOMMU group 8 (0000:03:01.0)",
      addresses: ["0000:03:01.0"],
      why: expect.stringContaining("move 0000:03:02.0"),
    });
  });

  it("keeps a variant of VFIO's driver", () => {
    const { declarations } = describeWith({ "0000:01:00.0": "mlx5_vfio_pci" });

    expect(declarations.map(({ inputs }) => inputs)).toContainEqual({
      device: { address: "0000:01:00.0", id: "8086:10d3" },
      driver: "mlx5_vfio_pci",
      persist: false,
    });
  });

  it("declares virtual functions before the groups that they are in", () => {
    const physical = buildFunction("04:00.0", { iommuGroup: 20, sriov: { totalVfs: 8, numVfs: 1 } });
    const virtual = buildFunction("04:10.0", { iommuGroup: 21, driver: "vfio-pci", physicalFunction: "04:00.0" });

    const { declarations } = describeHostAsProgram(
      "lab",
      buildLabFacts({ pci: [...LAB_FUNCTIONS, physical, virtual] }),
      NOTHING,
    );

    expect(declarations.map(({ plan, variable, dependsOn }) => [plan.kind, variable, dependsOn])).toEqual([
      ["SriovVirtualFunctions", "virtualFunctions", []],
      ["PciGroupDetachment", "nic", ["virtualFunctions"]],
    ]);
    expect(declarations[0]?.inputs).toMatchObject({ device: { address: "0000:04:00.0" }, count: 1 });
  });

  it("is data in comments and texts, whatever a host says of itself", () => {
    const program = describeWith({});
    const evil = 'x\n"; evil();\u2028evil();';
    const files = renderProject({
      ...{ name: "p", host: evil, system: evil, connection: { value: evil, secrets: [] }, dependency: "1.0.0" },
      program: { ...program, omissions: [{ what: evil, why: evil, addresses: [] }] },
    });

    const text = files.find(({ path }) => path === "index.ts")?.text ?? "";
    const code = text.split(/[\n\u2028\u2029]/).filter((line) => line !== "" && !line.startsWith("//"));
    expect(code.filter((line) => /^\s*"?; evil|^evil/.test(line))).toEqual([]);
  });
});

describe("names of resources", () => {
  it.each([
    [
      ["win11", "win11"],
      ["win11", "win11-2"],
      ["win11", "win112"],
    ],
    [["Böse Ä"], ["b-se"], ["bSe"]],
    [["7zip"], ["7zip"], ["guest7zip"]],
    [["host"], ["host-2"], ["host2"]],
    [["…"], ["guest"], ["guest"]],
  ])("of %j are %j, and their constants %j", (wanted, names, variables) => {
    const given = new Names();
    const taken = wanted.map((one) => given.take(one));

    expect(taken.map(({ name }) => name)).toEqual(names);
    expect(taken.map(({ variable }) => variable)).toEqual(variables);
  });
});
