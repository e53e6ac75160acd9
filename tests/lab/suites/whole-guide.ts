import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PulumiWorkspace } from "../../pulumi/workspace";
import { AGENT_GUEST_LOG } from "../agent-guest";
import {
  countBoots,
  listChanges,
  readDrivers,
  readDriversOf,
  readHashes,
  takePicture,
  type Picture,
} from "../host-views";
import type { LabHost } from "../lab-host";
import { ALONE, wholeGuide } from "../programs";

/** All that stays behind of ours: what the operator may want to look up later. */
const KEPT = /^\/var\/lib\/passthrough\/(?:journal|lock|originals\/[0-9a-f]{64})$/;

/**
 * What installing packages changes beside their own files: the package managers' notes, users and groups, and what the scripts of
 * packages write, such as links, caches and catalogues.
 */
const MADE_BY_PACKAGES =
  /^\/(?:etc\/(?:(?:group|gshadow|passwd|shadow|subgid|subuid)-?|ld\.so\.cache|pam\.d\/common-session|inputrc|(?:apparmor\.d|libvirt|sgml|xml|logrotate\.d|networks)(?:\/.*)?)|var\/lib\/(?:apt|dpkg|libvirt|logrotate|pam|polkit-1|sgml-base|xml-core)(?:\/.*)?)$/;

/** The guest on the serial line: all that it saw, and that its agent runs. */
const SEEN = /^GUEST-UP\n[^]*^\S+ 0x8086 0x10d3 0x020000\n[^]*^GUEST-DONE\n[^]*^GUEST-AGENT$/m;

const LIST_INSTALLED = "dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n' | grep '^ii'";
/** The agent runs a program in the guest and hands over what it printed. */
const RUN_IN_GUEST = `
  ask() { virsh -q qemu-agent-command agent-guest "$1"; }
  pid=$(ask '{"execute":"guest-exec","arguments":{"path":"/bin/busybox","arg":["cat","/proc/bus/pci/devices"],"capture-output":true}}' | tr -dc 0-9)
  until answer=$(ask "{\\"execute\\":\\"guest-exec-status\\",\\"arguments\\":{\\"pid\\":$pid}}") && case $answer in *out-data*) ;; *) false ;; esac; do sleep 2; done
  echo "$answer" | sed 's/.*"out-data":"\\([^"]*\\)".*/\\1/' | base64 -d`;

interface HostState {
  readonly installed: string;
  readonly commandLine: string;
  readonly drivers: Readonly<Record<string, string>>;
  readonly hashes: Picture;
}

/** The whole way of a device from a host without libvirt and with the IOMMU off into a running guest, and back. */
export function testWholeGuide(lab: () => LabHost): void {
  describe("a program with one PciPassthrough", () => {
    let workspace: PulumiWorkspace;
    let untouched: HostState;
    let state: object;

    beforeAll(async () => {
      workspace = await PulumiWorkspace.create();
      untouched = await readState(lab());
    });

    afterAll(() => workspace.remove());

    it("shows in a preview which packages come and what it cannot know yet, and changes nothing", async () => {
      const before = await takePicture(lab());

      const preview = await workspace.preview(wholeGuide(lab()), { diff: true });

      expect(preview.changes).toEqual({ create: 6 });
      expect(preview.text).toContain('intel_iommu=on: "replaces intel_iommu=off"');
      expect(preview.text).toMatch(
        /install qemu-system-x86, libvirt-daemon-system, libvirt-clients, ovmf with apt-get: \d+ packages/,
      );
      expect(preview.text).toMatch(/connectUri +: \[unknown\]/);
      expect(preview.text).toContain('knownAfterReboot: "the IOMMU group of the device, its other members');
      expect(preview.text).toMatch(/devices +: \[unknown\]/);
      expect(listChanges(before, await takePicture(lab()))).toEqual([]);
    });

    it("ends one up with the guest running with the device", async () => {
      const up = await workspace.up(wholeGuide(lab()));

      expect(up.changes).toEqual({ create: 6 });
      expect(countBoots(await lab().readSerialLog())).toBe(2);
      expect(await lab().ssh("virsh -q domstate agent-guest")).toBe("running\n");
      expect(await readDriversOf(lab(), [ALONE])).toEqual(["vfio-pci"]);
    });

    it("is seen from inside the guest, on its serial line and by its agent", async () => {
      const { proof } = await workspace.readOutputs();

      expect(proof).toMatchObject({ guestAgent: expect.stringContaining("8086:10d3") });
      expect((await lab().ssh(`cat ${AGENT_GUEST_LOG}`)).replaceAll("\r", "")).toMatch(SEEN);
      expect(await lab().ssh(RUN_IN_GUEST)).toMatch(/^[0-9a-f]{4}\t808610d3\t/m);
    });

    it("changes nothing and writes nothing the second time", async () => {
      const before = await takePicture(lab());

      const up = await workspace.up(wholeGuide(lab()));

      expect(up.changes).toEqual({ same: 6 });
      expect(listChanges(before, await takePicture(lab()))).toEqual([]);
      state = await workspace.exportState();
      await lab().keepMoment("done");
    });

    it("puts everything back but the packages", async () => {
      const { installed } = await readState(lab());

      const destroy = await workspace.destroy();

      const after = await readState(lab());
      expect(destroy.text).toContain("the old command line takes effect at the next boot");
      expect(after.installed).toBe(installed);
      expect(await lab().ssh("virsh -q list --all --name")).toBe("");
      await expectUntouchedApartFromPackages(lab(), untouched, after);
    });

    it("puts the packages back too when it is asked to", async () => {
      await lab().goBackTo("done");
      await workspace.importState(state);
      await workspace.up(wholeGuide(lab(), { removeOnDelete: true }));

      await workspace.destroy();

      const after = await readState(lab());
      expect(after.installed).toBe(untouched.installed);
      await expectUntouchedApartFromPackages(lab(), untouched, after);
    });
  });
}

async function readState(host: LabHost): Promise<HostState> {
  return {
    installed: await host.ssh(LIST_INSTALLED),
    commandLine: await host.ssh("cat /proc/cmdline"),
    drivers: await readDrivers(host),
    hashes: await readHashes(host),
  };
}

async function expectUntouchedApartFromPackages(host: LabHost, before: HostState, after: HostState): Promise<void> {
  expect(after.drivers).toEqual(before.drivers);
  const changed = listChanges(before.hashes, after.hashes).filter(
    (path) => !KEPT.test(path) && !MADE_BY_PACKAGES.test(path),
  );
  expect(await listOwnerless(host, changed)).toEqual([]);
}

/** Those of some files that no package has ever brought. */
async function listOwnerless(host: LabHost, paths: readonly string[]): Promise<readonly string[]> {
  const owned = new Set((await host.ssh("cat /var/lib/dpkg/info/*.list /var/lib/dpkg/info/*.conffiles")).split("\n"));
  return paths.filter((path) => !owned.has(path));
}
