import { describe, expect, it } from "@jest/globals";
import type { MachineName, SimulatedHost, SimulatedHostOptions } from "pulumi-passthrough/testing";
import { areCanonicallyEqual } from "../../provider/src/model/libvirt/canonical";
import { expectNoWrites, listDifferences, readBootFiles, readDomain, useHosts } from "./hosts";
import { Program, type RebootPolicy } from "./program";

const start = useHosts();

interface Case {
  readonly machine: MachineName;
  readonly shell: NonNullable<SimulatedHostOptions["shell"]>;
  /** Who reboots: the provider, which waits for a real second, or the test. */
  readonly policy: RebootPolicy;
  readonly device: string;
  readonly members: readonly string[];
  readonly words: string;
  readonly bootFiles: readonly (string | RegExp)[];
}

/** What binds the group at every boot: its drivers are in the initial ramdisk of the lab's machine only. */
function persistenceFiles(device: string, carrier: string): { carrier: string; rule: string } {
  const name = `passthrough-${device.replaceAll(":", "-")}`;
  return { carrier: carrier.replace("*", name), rule: `/etc/udev/rules.d/10-${name}.rules` };
}

const HOOK = "/etc/initramfs-tools/hooks/*";
const DRACUT = "/etc/dracut.conf.d/90-*.conf";
const LAB = { device: "0000:03:01.0", members: ["0000:03:01.0", "0000:03:02.0"] };
const DESKTOP = { device: "0000:01:00.1", members: ["0000:01:00.0", "0000:01:00.1"] };
const LAB_PERSISTENCE = persistenceFiles(LAB.device, HOOK);
const DESKTOP_PERSISTENCE = persistenceFiles(DESKTOP.device, HOOK);
const BLS_PERSISTENCE = persistenceFiles(DESKTOP.device, DRACUT);
const LAB_FILES = [
  "/boot/grub/grub.cfg",
  "/boot/initrd.img-6.1.0-44-amd64",
  "/etc/default/grub",
  LAB_PERSISTENCE.carrier,
  LAB_PERSISTENCE.rule,
];
const DESKTOP_FILES = [
  "/boot/grub/grub.cfg",
  "/etc/default/grub",
  DESKTOP_PERSISTENCE.carrier,
  DESKTOP_PERSISTENCE.rule,
];
const BLS_FILES = [
  /^\/boot\/loader\/entries\//,
  /^\/boot\/loader\/entries\//,
  "/etc/default/grub",
  BLS_PERSISTENCE.carrier,
  "/etc/kernel/cmdline",
  BLS_PERSISTENCE.rule,
];
const INTEL = " intel_iommu=on iommu=pt";

const CASES: readonly Case[] = [
  { machine: "debian-grub", shell: "dash", policy: "ifRequired", ...LAB, words: INTEL, bootFiles: LAB_FILES },
  { machine: "debian-grub", shell: "busybox", policy: "never", ...LAB, words: INTEL, bootFiles: LAB_FILES },
  { machine: "amd", shell: "dash", policy: "never", ...LAB, words: " iommu=pt", bootFiles: LAB_FILES },
  {
    machine: "debian-gpu",
    shell: "dash",
    policy: "never",
    ...DESKTOP,
    words: `${INTEL} quiet`,
    bootFiles: DESKTOP_FILES,
  },
  { machine: "fedora-bls", shell: "dash", policy: "never", ...DESKTOP, words: INTEL, bootFiles: BLS_FILES },
  { machine: "fedora-bls", shell: "busybox", policy: "ifRequired", ...DESKTOP, words: INTEL, bootFiles: BLS_FILES },
  { machine: "rhel-bls", shell: "dash", policy: "never", ...DESKTOP, words: INTEL, bootFiles: BLS_FILES },
];

function readDrivers(host: SimulatedHost, members: readonly string[]): (string | undefined)[] {
  return members.map((member) => host.driverOf(member));
}

describe.each(CASES)("$machine with $shell, rebooted by policy $policy", (row) => {
  const { machine, shell, policy, device, members } = row;

  it("goes from preview to up to nothing to do to destroy, and is as it was", async () => {
    const host = await start({ machine, shell });
    const program = new Program(host, { device, domain: "win11", policy });
    const before = {
      files: readBootFiles(host),
      domain: readDomain(host, "win11"),
      drivers: readDrivers(host, members),
    };

    await expectNoWrites(host, () => program.preview(members));
    expect(await program.up()).toEqual(["create", "create", "create"]);

    expect(host.commandLine().endsWith(row.words)).toBe(true);
    expect(readDrivers(host, members)).toEqual(["vfio-pci", "vfio-pci"]);
    expect(program.guest.output("attached")).toEqual(members);
    const changed = listDifferences(before.files, readBootFiles(host));
    expect(changed).toEqual(row.bootFiles.map((file) => (file instanceof RegExp ? expect.stringMatching(file) : file)));

    const unchanged = ["same", "same", "same"];
    expect(await expectNoWrites(host, () => program.preview(members))).toEqual(unchanged);
    expect(await expectNoWrites(host, () => program.up())).toEqual(unchanged);
    expect(await expectNoWrites(host, () => program.refresh())).toEqual([true, true, true]);
    expect(await expectNoWrites(host, () => program.up())).toEqual(unchanged);

    await program.destroy();

    expect(listDifferences(before.files, readBootFiles(host))).toEqual([]);
    expect(areCanonicallyEqual(readDomain(host, "win11"), before.domain)).toBe(true);
    expect(readDrivers(host, members)).toEqual(before.drivers);
    expect(host.commandLine().endsWith(row.words)).toBe(false);
  });
});
