import { afterAll, beforeAll, describe } from "@jest/globals";
import { GRUB, SYSTEMD_BOOT } from "./boot-setup";
import { LabHost } from "./lab-host";
import { testMainJob } from "./suites/main-job";

/** The boot loaders of Debian on UEFI; systemd-boot's host has dracut beside it. */
const LOADERS = [
  ["grub-uefi", GRUB],
  ["systemd-boot", SYSTEMD_BOOT],
] as const;

describe.each(LOADERS)("on a UEFI host with %s", (image, setup) => {
  let host: LabHost;

  beforeAll(async () => {
    host = await LabHost.start({ name: "uefi", image });
    await host.ssh("virsh -q define /root/guest.xml");
  });

  afterAll(() => host.stop());

  testMainJob(() => host, setup);
});
