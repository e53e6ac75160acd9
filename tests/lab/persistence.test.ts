import { afterAll, beforeAll, describe } from "@jest/globals";
import { LabHost } from "./lab-host";
import { testPersistence } from "./suites/persistence";

describe("on a real host", () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await LabHost.start({ name: "persistence" });
    await host.ssh("virsh -q define /root/guest.xml");
  });

  afterAll(() => host.stop());

  testPersistence(() => host);
});
