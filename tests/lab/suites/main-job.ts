import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { areCanonicallyEqual } from "../../../provider/src/model/libvirt/canonical";
import { PulumiWorkspace } from "../../pulumi/workspace";
import { GRUB, listEntries, type BootSetup, type LineChange } from "../boot-setup";
import { readPlan } from "../engine-view";
import {
  countBoots,
  listChanges,
  readDomain,
  readDrivers,
  readDriversOf,
  readHashes,
  readHostdevs,
  readLinuxLines,
  takePicture,
  type Picture,
} from "../host-views";
import type { LabHost } from "../lab-host";
import { ALONE, wholeJob } from "../programs";

const GUEST_LOG = "/var/log/libvirt/qemu/guest-serial.log";
/** The inner guest is emulated by an emulated machine: it takes more than a minute on an idle one, and ten where others run beside it. */
const GUEST_TIMEOUT_MS = 900_000;
/** All that stays behind: what the operator may want to look up later. */
const KEPT = /^\/var\/lib\/passthrough\/(?:journal|lock|originals\/[0-9a-f]{64})$/;

/** What is put back when everything is destroyed. */
interface HostState {
  readonly settings: string;
  readonly linuxLines: readonly string[];
  readonly drivers: Readonly<Record<string, string>>;
  readonly domain: string;
  readonly hashes: Picture;
  readonly bootId: string;
}

/** The whole way of one device from an untouched host into a guest and back; it reboots the host once. */
export function testMainJob(lab: () => LabHost, setup: BootSetup = GRUB): void {
  describe("a program with the three resources", () => {
    let workspace: PulumiWorkspace;
    let untouched: HostState;
    let line: LineChange;

    beforeAll(async () => {
      workspace = await PulumiWorkspace.create();
      untouched = await readState(lab(), setup);
      line = setup.describeLine(await lab().ssh("cat /proc/cmdline"));
    });

    afterAll(() => workspace.remove());

    it("shows in a preview what it will do and what it cannot know yet, and changes nothing", async () => {
      const before = await takePicture(lab());

      const preview = await workspace.preview(wholeJob(lab()), { diff: true });

      const edits = setup.describeEdits(await listEntries(lab()));
      expect(readPlan(preview, "iommu")).toEqual(expectedPlan(line, edits));
      expect(preview.text).toContain(`before: "${line.before}"`);
      expect(preview.text).toContain('intel_iommu=on: "replaces intel_iommu=off"');
      expect(preview.text).toMatch(/members +: \[unknown\]/);
      expect(preview.text).toContain('knownAfterReboot: "the IOMMU group of the device, its other members');
      expect(preview.text).toMatch(/waitsFor: \[\n\s*\[0\]: "devices"/);
      expect(listChanges(before, await takePicture(lab()))).toEqual([]);
    });

    it("edits the command line, reboots once, takes the device and attaches it", async () => {
      const up = await workspace.up(wholeJob(lab()));

      expect(up.changes).toEqual({ create: 4 });
      expect(await lab().readBootId()).not.toBe(untouched.bootId);
      expect(countBoots(await lab().readSerialLog())).toBe(2);
      expect((await lab().ssh("cat /proc/cmdline")).trimEnd().endsWith(` ${line.after}`)).toBe(true);
      expect(await readDriversOf(lab(), [ALONE])).toEqual(["vfio-pci"]);
      expect(await readHostdevs(lab(), "guest")).toEqual([ALONE]);
    });

    it("gives the guest a device that it sees", async () => {
      await lab().ssh("virsh -q start guest");

      await waitUntilOff(lab(), "guest");

      const seen = (await lab().ssh(`cat ${GUEST_LOG}`)).replaceAll("\r", "");
      expect(seen).toMatch(/^GUEST-UP\n[^]*^\S+ 0x8086 0x10d3 0x020000\n[^]*^GUEST-DONE$/m);
      expect(await readDriversOf(lab(), [ALONE])).toEqual(["vfio-pci"]);
    });

    it("changes nothing and writes nothing the second time", async () => {
      const before = await takePicture(lab());

      const up = await workspace.up(wholeJob(lab()));
      const refresh = await workspace.refresh({ expectNoChanges: true });

      expect([up.changes, refresh.changes]).toEqual([{ same: 4 }, { same: 4 }]);
      expect(listChanges(before, await takePicture(lab()))).toEqual([]);
    });

    it("puts everything back, and says when the old command line takes effect", async () => {
      const destroy = await workspace.destroy();

      const after = await readState(lab(), setup);
      expect(destroy.text).toContain("the old command line takes effect at the next boot");
      expect(after.settings).toBe(untouched.settings);
      expect(after.linuxLines).toEqual(untouched.linuxLines);
      expect(after.drivers).toEqual(untouched.drivers);
      expect(areCanonicallyEqual(after.domain, untouched.domain)).toBe(true);
      expect(listChanges(untouched.hashes, after.hashes).filter((path) => !KEPT.test(path))).toEqual([]);
    });
  });
}

function expectedPlan(line: LineChange, edits: readonly string[]): unknown {
  const reason = "the running kernel was not booted with intel_iommu=on iommu=pt";
  return {
    basis: expect.any(String),
    kernelArguments: { "intel_iommu=on": "replaces intel_iommu=off", "iommu=pt": "added" },
    kernelCommandLine: line,
    rebootReasons: [reason],
    rebootRequired: true,
    steps: [...edits, `reboot, because ${reason}`],
  };
}

async function readState(host: LabHost, setup: BootSetup): Promise<HostState> {
  return {
    // As base64, so that no byte is lost on the way.
    settings: await host.ssh(`base64 ${setup.settings}`),
    linuxLines: await readLinuxLines(host, setup),
    drivers: await readDrivers(host),
    domain: await readDomain(host, "guest"),
    hashes: await readHashes(host),
    bootId: await host.readBootId(),
  };
}

function waitUntilOff(host: LabHost, domain: string): Promise<unknown> {
  const limit = `timeout ${GUEST_TIMEOUT_MS / 1000}`;
  return host.ssh(
    `${limit} sh -c 'until [ "$(virsh -q domstate ${domain})" = "shut off" ]; do sleep 1; done'`,
    GUEST_TIMEOUT_MS,
  );
}
