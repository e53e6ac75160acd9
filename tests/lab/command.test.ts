import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { HostSurvey } from "../../provider/src/model/survey/survey";
import { readProgram, useCli } from "../cli/stage";
import { findViolations, listAddresses, TestBrowser } from "../page/browser";
import { PulumiWorkspace } from "../pulumi/workspace";
import { listChanges, readDomain, readDriversOf, readHashes } from "./host-views";
import { LabHost } from "./lab-host";
import { ALONE } from "./programs";

/** What others did here before: the IOMMU on, and a device on vfio-pci and in the guest. */
const SET_UP_BY_HAND = `set -e
sed -i s/intel_iommu=off/intel_iommu=on/ /etc/default/grub
PATH=$PATH:/usr/sbin update-grub
virsh -q define /root/guest.xml
cat >/root/hostdev.xml <<XML
<hostdev mode='subsystem' type='pci' managed='yes'>
  <source><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>
</hostdev>
XML
virsh -q attach-device guest /root/hostdev.xml --config
sync`;
const DETACH_BY_HAND = "virsh -q nodedev-detach pci_0000_01_00_0";
const RULE = "/etc/udev/rules.d/10-passthrough-0000-01-00.0.rules";
/** Notes of ours, which stay for the operator. */
const NOTES = "/var/lib/passthrough/";

describe("the command on a real host that was set up by hand", () => {
  const { home, introduce, passthrough } = useCli();
  const browser = new TestBrowser();
  let host: LabHost;

  beforeAll(async () => {
    host = await LabHost.start({ name: "command" });
    await browser.start();
    introduce("lab", host.connection);
    const bootId = await host.readBootId();
    await host.ssh(SET_UP_BY_HAND);
    await host.ssh("systemctl reboot");
    await host.waitForReboot(bootId);
    await host.ssh(DETACH_BY_HAND);
  });

  afterAll(async () => {
    await browser.stop();
    await host.stop();
  });

  it("finds with doctor that all is well", async () => {
    const run = await passthrough(["doctor", "lab", "--device", "01:00.0"]);

    expect(run.stdout).not.toContain("✗");
    expect(run.exitCode).toBe(0);
  });

  it("draws with survey --html every function that the host has", async () => {
    const json = await passthrough(["survey", "lab", "--json"]);
    const html = await passthrough(["survey", "lab", "--html", "lab.html", "--device", "01:00.0"]);

    const { page, requests, errors } = await browser.openFile(join(home(), "lab.html"));
    const { hosts } = JSON.parse(json.stdout) as { hosts: HostSurvey[] };
    const addresses = (await host.ssh("ls /sys/bus/pci/devices")).trim().split("\n");
    expect(html).toMatchObject({ exitCode: 0, stdout: "" });
    expect(hosts[0]?.devices.map(({ address }) => address)).toEqual(addresses);
    expect((await listAddresses(page, ".node")).sort()).toEqual(addresses);
    expect(await page.locator(`.node[data-address="${ALONE}"]`).textContent()).toContain("vfio-pci");
    expect(await findViolations(page)).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("data:"))).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("writes with init a program that describes the host as it is, and of which one edited line works", async () => {
    const workspace = await PulumiWorkspace.create({ HOME: home() });
    try {
      const [files, domain] = [await readHashes(host), await readDomain(host, "guest")];

      const written = await passthrough(["init", "lab", "--directory", workspace.folder]);
      const program = await readProgram(workspace.folder);
      const preview = await workspace.preview(program, { diff: true });

      expect(written).toMatchObject({ exitCode: 0, stderr: "" });
      expect(preview.changes).toEqual({ create: 4 });
      expect(preview.text.match(/^ +steps +: \[\]$/gm)).toHaveLength(3);
      expect(listChanges(files, await readHashes(host))).toEqual([]);

      expect((await workspace.up(program)).changes).toEqual({ create: 4 });
      expect(listChanges(files, await readHashes(host)).filter((path) => !path.startsWith(NOTES))).toEqual([]);

      const edited = await readProgram(workspace.folder, (text) => text.replace("persist: false", "persist: true"));
      expect((await workspace.up(edited)).changes).toEqual({ same: 3, update: 1 });
      expect(await host.ssh(`cat ${RULE}`)).toContain(ALONE);

      await workspace.destroy();
      expect(listChanges(files, await readHashes(host)).filter((path) => !path.startsWith(NOTES))).toEqual([]);
      expect(await readDomain(host, "guest")).toBe(domain);
      expect(await readDriversOf(host, [ALONE])).toEqual(["vfio-pci"]);
    } finally {
      await workspace.remove();
    }
  });
});
