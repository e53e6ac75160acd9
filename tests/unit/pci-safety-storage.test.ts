import { describe, expect, it } from "@jest/globals";

import type { HostFacts, StorageUse } from "../../provider/src/model/host-facts";
import { buildFacts, buildFunction, buildInterface, buildUse } from "./facts-builder";
import { ask, summarize } from "./safety-probe";

const NVME = { class: "010802", id: "144d:a80a", driver: "nvme" };

/** A boot NVMe disk in one group with a GPU, a second NVMe disk, a SATA controller, and an idle disk. */
const PCI = [
  buildFunction("00:01.0", { class: "060400", id: "8086:460d", driver: "pcieport", iommuGroup: 1 }),
  buildFunction("01:00.0", {
    class: "030000",
    id: "10de:2684",
    driver: "nouveau",
    iommuGroup: 1,
    ancestors: ["00:01.0"],
  }),
  buildFunction("01:00.1", { class: "040300", id: "10de:22ba", driver: "snd_hda_intel", iommuGroup: 1 }),
  buildFunction("02:00.0", { ...NVME, iommuGroup: 1, ancestors: ["00:01.0"] }),
  buildFunction("03:00.0", { ...NVME, iommuGroup: 3 }),
  buildFunction("00:17.0", { class: "010601", id: "8086:7ae2", driver: "ahci", iommuGroup: 4 }),
  buildFunction("04:00.0", { ...NVME, driver: "", iommuGroup: 5 }),
  buildFunction("05:00.0", { iommuGroup: 6 }),
  buildFunction("06:00.0", { class: "0c0400", id: "1077:2261", driver: "qla2xxx", iommuGroup: 7 }),
];

function withUses(...uses: readonly StorageUse[]): HostFacts {
  return buildFacts({ pci: PCI, storage: { uses } });
}

function untraced(mountPoint: string, fileSystem: string, source = "tank/root"): StorageUse {
  return buildUse(mountPoint, [], { fileSystem, source, isTraced: false });
}

const plainRoot = buildUse("/", ["02:00.0"], { source: "/dev/nvme0n1p2" });

describe("root-storage", () => {
  it("refuses a GPU whose group holds the boot disk, and names the disk", () => {
    const findings = ask(withUses(plainRoot, buildUse("/boot/efi", ["02:00.0"], { fileSystem: "vfat" })), "01:00.0");

    expect(summarize(findings)).toEqual(["root-storage 02:00.0"]);
    expect(findings[0]?.loses).toBe("/ (ext4 on /dev/nvme0n1p2) and /boot/efi (vfat on /dev/sda1)");
  });

  it.each(["/", "/boot", "/boot/efi", "/efi", "/usr", "/var", "/etc", "/sysroot", "swap"])(
    "protects %s",
    (mountPoint) => {
      const facts = withUses(plainRoot, buildUse(mountPoint, ["03:00.0"]));

      expect(summarize(ask(facts, "03:00.0"))).toEqual(["root-storage 03:00.0"]);
    },
  );

  it.each(["02:00.0", "03:00.0", "00:17.0"])("protects every disk below a root on LVM: %s", (address) => {
    const facts = withUses(buildUse("/", ["02:00.0", "03:00.0", "00:17.0"], { source: "/dev/mapper/vg-root" }));

    expect(summarize(ask(facts, address))).toEqual([`root-storage ${address}`]);
  });

  it.each([
    ["02:00.0", ["root-storage 02:00.0"]],
    ["03:00.0", ["root-storage 03:00.0"]],
    ["00:17.0", ["root-storage 00:17.0"]],
    ["06:00.0", ["root-storage 06:00.0"]],
    ["04:00.0", []],
    ["05:00.0", []],
  ])("counts every storage controller at work where the root cannot be traced: %s", (address, expected) => {
    expect(summarize(ask(withUses(untraced("/", "zfs")), address))).toEqual(expected);
  });

  it("says why it counts a controller", () => {
    const [finding] = ask(withUses(untraced("/", "zfs")), "03:00.0");

    expect(finding?.message).toContain(
      "may hold / (zfs on tank/root): it could not be told on which devices that is stored",
    );
  });

  it("takes a root that is not listed for one that could not be traced", () => {
    expect(summarize(ask(withUses(buildUse("/home", [])), "03:00.0"))).toEqual(["root-storage 03:00.0"]);
  });

  it.each([
    ["swap in memory", untraced("swap", "swap", "/dev/zram0")],
    ["an automount point", untraced("/boot/efi", "autofs", "systemd-1")],
    ["a memory file system", untraced("/var", "tmpfs", "tmpfs")],
  ])("is not alarmed by %s", (_, use) => {
    expect(ask(withUses(plainRoot, use), "03:00.0")).toEqual([]);
  });

  it.each([
    ["05:00.0", true, ["root-storage 05:00.0"]],
    ["05:00.0", false, []],
    ["03:00.0", true, []],
  ])("protects interfaces, not disks, where the root is on the network: %s with up = %j", (address, isUp, expected) => {
    const interfaces = [
      buildInterface("ens5", ["05:00.0"], { addresses: [], isUp }),
      buildInterface("ens4", ["04:00.0"]),
    ];
    const storage = { uses: [untraced("/", "nfs4", "nas:/root")] };
    const facts = buildFacts({ pci: PCI, storage, network: { interfaces, sessionInterface: "ens4" } });

    expect(summarize(ask(facts, address))).toEqual(expected);
  });

  it("protects a VMD controller, below which the disk has a bus of its own", () => {
    const vmd = buildFunction("00:0e.0", { class: "010400", id: "8086:467f", driver: "vmd", iommuGroup: 8 });
    const disk = buildFunction("1000:e1:00.0", { ...NVME, ancestors: ["00:0e.0"] });
    const facts = buildFacts({ pci: [vmd, disk], storage: { uses: [buildUse("/", ["1000:e1:00.0"])] } });

    expect(summarize(ask(facts, "00:0e.0"))).toEqual(["root-storage 00:0e.0"]);
  });
});

describe("mounted-storage", () => {
  it("protects other file systems, and can be waived", () => {
    const facts = withUses(plainRoot, buildUse("/srv", ["03:00.0"]), buildUse("/home", ["03:00.0"]));

    expect(summarize(ask(facts, "03:00.0"))).toEqual(["mounted-storage 03:00.0"]);
    expect(ask(facts, "03:00.0")[0]?.loses).toBe("/srv (ext4 on /dev/sda1) and /home (ext4 on /dev/sda1)");
    expect(ask(facts, "03:00.0", { allow: ["mounted-storage"] })).toEqual([]);
  });

  it.each([
    ["a ZFS pool", untraced("/tank", "zfs", "tank"), ["mounted-storage 03:00.0"]],
    ["a device", untraced("/data", "xfs", "/dev/dm-7"), ["mounted-storage 03:00.0"]],
    ["a network file system", untraced("/mnt", "nfs4", "nas:/data"), []],
    ["a loop device", untraced("/snap/core/1", "squashfs", "/dev/loop3"), []],
    ["an overlay", untraced("/var/lib/docker/overlay2/x/merged", "overlay", "overlay"), []],
  ])("where %s cannot be traced", (_, use, expected) => {
    expect(summarize(ask(withUses(plainRoot, use), "03:00.0"))).toEqual(expected);
  });
});
