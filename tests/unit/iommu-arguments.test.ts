import { describe, expect, it } from "@jest/globals";
import { decideArguments } from "../../provider/src/resources/host-iommu-config/arguments";
import { HostIommuConfigInputs } from "../../provider/src/resources/host-iommu-config/inputs";
import type { FirmwareTable } from "../../provider/src/model/host-facts";
import { buildFacts } from "./facts-builder";

function decide(options: {
  tables: readonly FirmwareTable[];
  line?: string;
  config?: Record<string, string>;
  inputs?: Record<string, unknown>;
}) {
  const facts = buildFacts({
    firmware: { tables: options.tables },
    kernel: { commandLine: options.line ?? "ro quiet", config: options.config ?? {} },
  });
  return decideArguments(HostIommuConfigInputs.parse({ host: "kvm1", ...options.inputs }), facts);
}

describe("decideArguments", () => {
  it.each([
    [
      "Intel, a kernel that leaves it off",
      { tables: ["DMAR"], config: { CONFIG_INTEL_IOMMU_DEFAULT_ON: "n" } },
      ["intel_iommu=on"],
      [],
    ],
    [
      "Intel, a kernel that switches it on",
      { tables: ["DMAR"], config: { CONFIG_INTEL_IOMMU_DEFAULT_ON: "y" } },
      [],
      [],
    ],
    ["Intel, Debian's kernel", { tables: ["DMAR"], config: { CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: "y" } }, [], []],
    [
      "Intel, switched off by a word",
      { tables: ["DMAR"], line: "ro intel_iommu=off", config: { CONFIG_INTEL_IOMMU_DEFAULT_ON: "y" } },
      ["intel_iommu=on"],
      [],
    ],
    [
      "Intel, with another value in the list",
      { tables: ["DMAR"], line: "ro intel_iommu=sm_on,off" },
      ["intel_iommu=on,sm_on"],
      [],
    ],
    [
      "Intel, switched off for all kinds",
      { tables: ["DMAR"], line: "ro iommu=off" },
      ["intel_iommu=on"],
      ["iommu=off"],
    ],
    ["Intel, passthrough", { tables: ["DMAR"], inputs: { mode: "passthrough" } }, ["intel_iommu=on", "iommu=pt"], []],
    ["AMD is on by itself", { tables: ["IVRS"] }, [], []],
    ["AMD, a guide's amd_iommu=on stays as it is", { tables: ["IVRS"], line: "ro amd_iommu=on" }, [], []],
    ["AMD, switched off by a word", { tables: ["IVRS"], line: "ro amd_iommu=off" }, [], ["amd_iommu=off"]],
    ["AMD, translated", { tables: ["IVRS"], inputs: { mode: "translated" } }, ["iommu=nopt"], []],
    ["Arm, passthrough", { tables: ["IORT"], inputs: { mode: "passthrough" } }, ["iommu.passthrough=1"], []],
    [
      "words of the user's own",
      { tables: ["IVRS"], inputs: { kernelArguments: { present: ["vfio-pci.disable_vga=1"], absent: ["quiet"] } } },
      ["vfio-pci.disable_vga=1"],
      ["quiet"],
    ],
  ] as const)("%s", (_, options, present, absent) => {
    expect(decide(options as Parameters<typeof decide>[0])).toEqual({
      edit: { present: [...present], absent: [...absent] },
    });
  });

  it.each([
    ["no table", { tables: [] }, "host", /announces no IOMMU/],
    [
      "a kernel without it",
      { tables: ["DMAR"], config: { CONFIG_INTEL_IOMMU: "n" } },
      "host",
      /built without CONFIG_INTEL_IOMMU/,
    ],
    [
      "a word that switches it off",
      { tables: ["DMAR"], inputs: { kernelArguments: { present: ["intel_iommu=off"] } } },
      "kernelArguments.present[0]",
      /switches the IOMMU off/,
    ],
    [
      "a word that contradicts the mode",
      { tables: ["DMAR"], inputs: { mode: "passthrough", kernelArguments: { present: ["iommu=nopt"] } } },
      "kernelArguments.present[0]",
      /contradicts mode "passthrough"/,
    ],
  ] as const)("refuses %s", (_, options, property, reason) => {
    const decided = decide(options);

    expect(decided).toEqual({ problems: [{ property, reason: expect.stringMatching(reason) }] });
  });
});
