import { describe, expect, it } from "@jest/globals";
import { parseStorage } from "../../provider/src/host/snapshot/parse-storage";

const NVME = "../../devices/pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1";
const SATA = "../../devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda";

function mount(device: string, point: string, type: string, source: string): string {
  return `30 1 ${device} / ${point} rw,relatime shared:1 - ${type} ${source} rw`;
}

function storage(
  mounts: readonly string[],
  links: Record<string, string | undefined>,
  texts: Record<string, string> = {},
) {
  const all = new Map(Object.entries({ "proc/self/mountinfo": mounts.join("\n"), ...texts }));
  return parseStorage(all, new Map(Object.entries(links)));
}

describe("parseStorage", () => {
  it("traces a partition to every function on its way", () => {
    const found = storage(
      [mount("259:2", "/", "ext4", "/dev/nvme0n1p2")],
      { "sys/class/block/nvme0n1p2": `${NVME}/nvme0n1p2` },
      { "sys/class/block/nvme0n1p2/dev": "259:2" },
    );

    expect(found).toEqual([
      {
        mountPoint: "/",
        source: "/dev/nvme0n1p2",
        fileSystem: "ext4",
        functions: ["0000:00:1d.0", "0000:02:00.0"],
        isTraced: true,
      },
    ]);
  });

  it("traces a logical volume on a mirror of two disks", () => {
    const found = storage(
      [mount("253:0", "/", "xfs", "/dev/mapper/vg-root")],
      {
        "sys/class/block/dm-0": "../../devices/virtual/block/dm-0",
        "sys/class/block/dm-0/slaves/md0": "../../md0",
        "sys/class/block/md0": "../../devices/virtual/block/md0",
        "sys/class/block/md0/slaves/sda1": "x",
        "sys/class/block/md0/slaves/nvme0n1p1": "x",
        "sys/class/block/sda1": `${SATA}/sda1`,
        "sys/class/block/nvme0n1p1": `${NVME}/nvme0n1p1`,
      },
      { "sys/class/block/dm-0/dev": "253:0", "sys/class/block/dm-0/dm/name": "vg-root" },
    );

    expect(found[0]?.functions).toEqual(["0000:00:1d.0", "0000:00:1f.2", "0000:02:00.0"]);
  });

  it("does not claim to have traced a mirror of which one disk leads nowhere", () => {
    const found = storage(
      [mount("9:0", "/", "ext4", "/dev/md0")],
      {
        "sys/class/block/md0": "../../devices/virtual/block/md0",
        "sys/class/block/md0/slaves/sda1": "x",
        "sys/class/block/md0/slaves/sdz1": "x",
        "sys/class/block/sda1": `${SATA}/sda1`,
      },
      { "sys/class/block/md0/dev": "9:0" },
    );

    expect(found).toMatchObject([{ mountPoint: "/", isTraced: false, functions: [] }]);
  });

  it("traces every disk of a btrfs file system", () => {
    const found = storage([mount("0:33", "/home", "btrfs", "/dev/sda1")], {
      "sys/class/block/sda1": `${SATA}/sda1`,
      "sys/class/block/nvme0n1": NVME,
      "sys/fs/btrfs/1-2/devices/sda1": "x",
      "sys/fs/btrfs/1-2/devices/nvme0n1": "x",
    });

    expect(found[0]?.functions).toEqual(["0000:00:1d.0", "0000:00:1f.2", "0000:02:00.0"]);
  });

  it("finds the controllers of a multipath NVMe disk", () => {
    const found = storage(
      [mount("259:0", "/srv", "ext4", "/dev/nvme0n1")],
      {
        "sys/class/block/nvme0n1": "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1",
        "sys/class/nvme-subsystem/nvme-subsys0/nvme0": "../../../pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0",
      },
      { "sys/class/block/nvme0n1/dev": "259:0" },
    );

    expect(found[0]).toMatchObject({ functions: ["0000:00:1d.0", "0000:02:00.0"], isTraced: true });
  });

  it.each([
    ["a root on ZFS", mount("0:25", "/", "zfs", "rpool/ROOT"), false],
    ["a root over the network", mount("0:40", "/", "nfs4", "nas:/root"), false],
  ])("says that %s is not traced", (_, row, isTraced) => {
    expect(storage([row], {})).toMatchObject([{ mountPoint: "/", isTraced }]);
  });

  it("leaves out what holds no data of the host's disks", () => {
    const rows = [
      mount("0:20", "/sys", "sysfs", "sysfs"),
      mount("7:1", "/snap/core/1", "squashfs", "/dev/loop1"),
      mount("0:44", "/mnt/nas", "nfs4", "nas:/export"),
    ];

    expect(storage(rows, {})).toEqual([]);
  });

  it("undoes the kernel's escapes and reads swap partitions, but not swap files", () => {
    const found = storage(
      [mount("8:3", "/mnt/two\\040words", "ext4", "/dev/sda3")],
      { "sys/class/block/sda3": `${SATA}/sda3`, "sys/class/block/sda2": `${SATA}/sda2` },
      {
        "sys/class/block/sda3/dev": "8:3",
        "proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n/swapfile file 1 0 -3",
      },
    );

    expect(found.map((use) => [use.mountPoint, use.isTraced])).toEqual([
      ["/mnt/two words", true],
      ["swap", true],
    ]);
  });
});
