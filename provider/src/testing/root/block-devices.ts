import type { Machine } from "../machine";
import { eachVolume } from "../machine";
import type { HostFiles } from "./host-files";
import { devicePathOf } from "./pci-tree";

/** Writes `/sys/class/block`, `/sys/dev/block` and the device nodes of the disks, partitions and logical volumes. */
export function writeBlockDevices(files: HostFiles, machine: Machine): void {
  const folders = new Map<string, string>();
  for (const disk of machine.disks) {
    const folder = `${devicePathOf(machine, disk.function)}/${disk.below}/${disk.name}`;
    folders.set(disk.name, folder);
    writeBlock(files, disk.name, folder, disk.number);
    files.write(`/dev/${disk.name}`, "");
  }
  eachVolume(machine, (volume, disk, number, below) => {
    if (below === undefined) {
      const folder = `${folders.get(disk.name) ?? ""}/${volume.name}`;
      folders.set(volume.name, folder);
      writeBlock(files, volume.name, folder, number);
      files.write(`${folder}/partition`, `${disk.partitions.indexOf(volume) + 1}\n`);
      files.write(`/dev/${volume.name}`, "");
    } else {
      writeMapped(files, volume.name, number, { name: below.name, folder: folders.get(below.name) ?? "" });
    }
  });
}

function writeBlock(files: HostFiles, name: string, folder: string, number: string): void {
  files.write(`${folder}/dev`, `${number}\n`);
  files.write(`${folder}/size`, "12582912\n");
  files.makeFolder(`${folder}/slaves`);
  files.makeFolder(`${folder}/holders`);
  files.link(`/sys/class/block/${name}`, folder);
  files.link(`/sys/dev/block/${number}`, folder);
}

/** A logical volume: `dm-N` in sysfs, a name below `/dev/mapper`, and a link to what it lies on. */
function writeMapped(files: HostFiles, name: string, number: string, below: { name: string; folder: string }): void {
  const node = `dm-${number.split(":")[1] ?? "0"}`;
  const folder = `/sys/devices/virtual/block/${node}`;
  writeBlock(files, node, folder, number);
  files.write(`${folder}/dm/name`, `${name}\n`);
  files.link(`${folder}/slaves/${below.name}`, below.folder);
  files.link(`${below.folder}/holders/${node}`, folder);
  files.write(`/dev/${node}`, "");
  files.link(`/dev/mapper/${name}`, `/dev/${node}`);
}
