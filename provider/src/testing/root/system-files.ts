import { randomUUID } from "node:crypto";

import type { Machine } from "../machine";
import { devicePath, eachVolume } from "../machine";
import type { HostFiles } from "./host-files";
import { writePciIds } from "./pci-ids";

/** Writes `/etc`, `/proc` and the firmware's part of `/sys`: what does not change between boots. */
export function writeSystemFiles(files: HostFiles, machine: Machine): void {
  files.write("/etc/hostname", `${machine.hostname}\n`);
  files.write("/etc/machine-id", `${randomUUID().replaceAll("-", "")}\n`);
  files.write("/etc/os-release", machine.osRelease);
  files.write("/etc/fstab", `${machine.rootArgument} / ext4 defaults 0 1\n`);
  for (const folder of ["/root", "/tmp", "/var/lib", "/run", "/dev", "/etc/udev/rules.d", "/etc/systemd/system"]) {
    files.makeFolder(folder);
  }
  if (machine.libvirt !== undefined) files.write(emulatorOf(machine), "emulator\n", 0o755);
  writePciIds(files, machine);
  writeProcFiles(files, machine);
  writeFirmware(files, machine);
}

/** RHEL's stands apart from what users call. */
function emulatorOf({ osRelease }: Machine): string {
  return /^ID="?rhel/m.test(osRelease) ? "/usr/libexec/qemu-kvm" : "/usr/bin/qemu-system-x86_64";
}

function writeProcFiles(files: HostFiles, machine: Machine): void {
  const cpu = [`vendor_id\t: ${machine.cpu.vendor}`, `model name\t: Simulated`, `flags\t\t: ${machine.cpu.flags}`];
  files.write("/proc/cpuinfo", `${["processor\t: 0", ...cpu].join("\n")}\n\n`);
  const mounts: string[] = [];
  const swaps = ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"];
  eachVolume(machine, (volume, _disk, number, below) => {
    const source = devicePath(volume, below !== undefined);
    if (volume.isSwap === true) swaps.push(`${source.padEnd(39)}\tpartition\t8388604\t\t0\t\t-2`);
    if (volume.mountPoint === undefined) return;
    const kind = volume.fileSystem ?? "ext4";
    // btrfs shows an anonymous device number, which no block device has.
    const shown = kind === "btrfs" ? "0:31" : number;
    mounts.push(`${mounts.length + 25} 1 ${shown} / ${volume.mountPoint} rw,relatime shared:1 - ${kind} ${source} rw`);
  });
  const virtual = [
    "21 25 0:20 / /proc rw - proc proc rw",
    "22 25 0:21 / /sys rw - sysfs sysfs rw",
    "23 25 0:22 / /run rw - tmpfs tmpfs rw",
  ];
  files.write("/proc/self/mountinfo", `${[...virtual, ...mounts].join("\n")}\n`);
  files.write(
    "/proc/mounts",
    `${mounts.map((line) => `${line.split(" - ")[1]?.split(" ")[1] ?? ""} ${line.split(" ")[4] ?? ""} ${line.split(" - ")[1]?.split(" ")[0] ?? ""} rw 0 0`).join("\n")}\n`,
  );
  files.write("/proc/swaps", `${swaps.join("\n")}\n`);
}

function writeFirmware(files: HostFiles, machine: Machine): void {
  files.write("/sys/firmware/acpi/tables/FACP", "FACP");
  files.write("/sys/firmware/acpi/tables/APIC", "APIC");
  const { table, isEfi, hasSecureBoot } = machine.firmware;
  if (table !== undefined) files.write(`/sys/firmware/acpi/tables/${table}`, `${table}\0simulated`);
  files.write(
    "/sys/kernel/security/lockdown",
    hasSecureBoot === true ? "none [integrity] confidentiality\n" : "[none] integrity confidentiality\n",
  );
  files.makeFolder("/sys/class/iommu");
  files.makeFolder("/sys/kernel/iommu_groups");
  if (!isEfi) return;
  const state = Buffer.from([6, 0, 0, 0, hasSecureBoot === true ? 1 : 0]);
  files.write("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", state);
}
