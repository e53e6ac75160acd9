import { describe, expect, it } from "@jest/globals";
import { planDetachment } from "../../provider/src/resources/pci-group-detachment/plan";
import { PciGroupDetachmentInputs } from "../../provider/src/resources/pci-group-detachment/inputs";
import { buildFacts, buildFunction, pciAddresses } from "./facts-builder";

const INPUTS = PciGroupDetachmentInputs.parse({ host: "kvm1", device: { address: "01:00.0" } });
const DEVICE = buildFunction("01:00.0");
const ACTIVE = {
  units: ["dmar0"],
  groups: [{ number: 0, members: pciAddresses("00:1f.0"), reservedRegions: [] }],
};

describe("a device without an IOMMU group", () => {
  it.each([
    ["of a host whose IOMMU is off", { units: [], groups: [] }, "the IOMMU is not active, so 0000:01:00.0"],
    [
      "that the IOMMU of the host leaves out",
      ACTIVE,
      'the IOMMU does not translate for this device, so 0000:01:00.0 has no IOMMU group and cannot be given to vfio-pci. Declare a HostIommuConfig with kernelArguments.present ["intel_iommu=on"]',
    ],
  ])("%s is told apart", (_what, iommu, reason) => {
    expect(planDetachment(INPUTS, buildFacts({ iommu, pci: [DEVICE] }), undefined)).toMatchObject({
      outcome: "later",
      reason: expect.stringContaining(reason),
    });
  });
});
