import { afterAll, beforeAll, describe } from "@jest/globals";
import { LabHost } from "./lab-host";
import { testTrialBoot } from "./suites/trial-boot";

describe("on a real host", () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await LabHost.start({ name: "trial" });
  });

  afterAll(() => host.stop());

  testTrialBoot(() => host);
});
