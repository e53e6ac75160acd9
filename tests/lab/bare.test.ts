import { afterAll, beforeAll, describe } from "@jest/globals";
import { LabHost } from "./lab-host";
import { testWholeGuide } from "./suites/whole-guide";

describe("on a host that was just set up", () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await LabHost.start({ name: "bare", image: "bare" });
  });

  afterAll(() => host.stop());

  testWholeGuide(() => host);
});
