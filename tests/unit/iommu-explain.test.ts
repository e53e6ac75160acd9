import { describe, expect, it } from "@jest/globals";
import { explainIommu } from "../../provider/src/model/iommu/explain";
import type { FactsOverrides } from "./facts-builder";
import { buildFacts } from "./facts-builder";

const OFF = { units: [], groups: [] };
const GROUP = { number: 0, members: [], reservedRegions: [] };
const DEFAULT_OFF = { CONFIG_INTEL_IOMMU: "y", CONFIG_INTEL_IOMMU_DEFAULT_ON: "n" };

describe("why the IOMMU is in use or not", () => {
  it.each<[string, FactsOverrides, string, string]>([
    [
      "it is, because a word says so",
      { iommu: { units: ["dmar0", "dmar1"], groups: [GROUP] } },
      "active",
      "The firmware announces it (DMAR), the kernel was booted with intel_iommu=on, and sysfs shows units dmar0 and dmar1 with 1 group.",
    ],
    [
      "it is by itself",
      {
        kernel: { commandLine: "ro" },
        firmware: { tables: ["IVRS"] },
        iommu: { units: ["ivhd0"], groups: [GROUP, GROUP] },
      },
      "active",
      "The firmware announces it (IVRS), the kernel 6.1.0-42-amd64 uses it by itself, and sysfs shows unit ivhd0 with 2 groups.",
    ],
    [
      "the firmware has none, whatever the command line says",
      { firmware: { tables: [] }, iommu: OFF },
      "firmware",
      "The firmware announces no IOMMU (there is no DMAR, IVRS or IORT table): it is switched off in the firmware's menu, or the machine has none.",
    ],
    [
      "the kernel is built without its driver",
      { kernel: { config: { CONFIG_INTEL_IOMMU: "n" } }, iommu: OFF },
      "kernel",
      "The firmware announces an IOMMU (DMAR), but the running kernel 6.1.0-42-amd64 is built without CONFIG_INTEL_IOMMU.",
    ],
    [
      "words switch it off",
      { kernel: { commandLine: "ro intel_iommu=sm_on,off iommu=off" }, iommu: OFF },
      "switched-off",
      "The firmware announces an IOMMU (DMAR), but the kernel was booted with intel_iommu=sm_on,off and iommu=off.",
    ],
    [
      "no word switches it on, which this kernel needs",
      { kernel: { commandLine: "ro intel_iommu_x=on", config: DEFAULT_OFF }, iommu: OFF },
      "not-switched-on",
      "The firmware announces an IOMMU (DMAR), but the kernel 6.1.0-42-amd64 leaves it off by default (CONFIG_INTEL_IOMMU_DEFAULT_ON is not set) and was booted without intel_iommu=on.",
    ],
    [
      "no word switches it on, and nobody knows how the kernel was built",
      { kernel: { commandLine: "ro" }, iommu: OFF },
      "not-switched-on",
      "The firmware announces an IOMMU (DMAR), but the kernel 6.1.0-42-amd64 does not say how it was built and was booted without intel_iommu=on.",
    ],
    [
      "all is right and still nothing",
      { iommu: OFF },
      "no-effect",
      "The firmware announces an IOMMU (DMAR) and nothing switches it off, but the kernel shows none (/sys/class/iommu and /sys/kernel/iommu_groups are empty).",
    ],
    [
      "AMD needs no word, and amd_iommu=on is none",
      {
        kernel: { commandLine: "ro amd_iommu=on" },
        firmware: { tables: ["IVRS"] },
        iommu: { units: ["ivhd0"], groups: [] },
      },
      "no-effect",
      "The firmware announces an IOMMU (IVRS) and nothing switches it off, but the kernel shows ivhd0 without any group (/sys/kernel/iommu_groups is empty).",
    ],
  ])("%s", (_what, overrides, cause, because) => {
    expect(explainIommu(buildFacts(overrides))).toEqual({ cause, because });
  });
});
