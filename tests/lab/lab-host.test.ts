import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { LabHost } from "./lab-host";

/** The machine without its root ports, bridges and graphics: class code and address of each function that tests name. */
const NAMED_FUNCTIONS = [
  ["0000:00:02.0", "0x020000"],
  ["0000:00:03.0", "0x010000"],
  ["0000:00:1f.0", "0x060100"],
  ["0000:00:1f.2", "0x010601"],
  ["0000:00:1f.3", "0x0c0500"],
  ["0000:01:00.0", "0x020000"],
  ["0000:03:01.0", "0x020000"],
  ["0000:03:02.0", "0x020000"],
];

describe("the lab host", () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await LabHost.start({ name: "harness" });
  });

  afterAll(() => host.stop());

  it("is the machine that the tests know, with its IOMMU switched off on the command line", async () => {
    const listing = await host.ssh("grep -H '' /sys/bus/pci/devices/*/class");
    const functions = listing.trim().split("\n").map(parseClass);
    const words = (await host.ssh("cat /proc/cmdline")).trim().split(" ");

    expect(functions).toEqual(expect.arrayContaining(NAMED_FUNCTIONS));
    expect(words).toContain("intel_iommu=off");
    expect(await host.ssh("ls /sys/kernel/iommu_groups; ls /sys/firmware/acpi/tables/DMAR")).toBe(
      "/sys/firmware/acpi/tables/DMAR\n",
    );
    expect(await host.ssh("virsh -c qemu:///system list --all --name")).toBe("\n");
  });

  it("keeps what was synced over a power cut, and loses its boot id", async () => {
    const bootId = await host.readBootId();
    await host.ssh("echo kept > /root/kept && sync /root/kept && echo lost > /run/lost");

    await host.powerCut();
    await host.waitForReboot(bootId);

    expect(await host.ssh("cat /root/kept")).toBe("kept\n");
    expect(await host.trySsh("test -e /run/lost")).toEqual({ exitCode: 1, stdout: "", stderr: "" });
  });
});

function parseClass(line: string): [string, string] {
  const [path = "", code = ""] = line.split(":0x").map((part, index) => (index === 0 ? part : `0x${part}`));
  return [path.split("/")[5] ?? "", code];
}
