import { afterAll, beforeAll, describe } from "@jest/globals";
import { LabHost } from "./lab-host";
import { testConformanceWithIommu, testConformanceWithoutIommu } from "./suites/conformance";
import { testForeignEdits } from "./suites/foreign-edits";
import { testGroups } from "./suites/groups";
import { testMainJob } from "./suites/main-job";

// One machine serves all: a boot takes most of a minute. The order matters: the IOMMU is off until the main job reboots.
describe("on a real host", () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await LabHost.start({ name: "product" });
    await host.ssh("virsh -q define /root/guest.xml");
  });

  afterAll(() => host.stop());

  testConformanceWithoutIommu(() => host);
  testMainJob(() => host);
  testGroups(() => host);
  testConformanceWithIommu(() => host);
  testForeignEdits(() => host);
});
