import type { Machine } from "../machine";
import { devicePath, eachVolume, hasBls } from "../machine";
import { grubFolder, renderEnvironment } from "../kernel/boot-loader";
import type { HostFiles } from "./host-files";

/** Writes `/boot` and the loader's settings, all but the generated menu. */
export function writeBootFiles(files: HostFiles, machine: Machine): void {
  for (const release of machine.kernels) {
    files.write(`/boot/vmlinuz-${release}`, "kernel\n");
    files.write(initrdOf(machine, release), "initial ramdisk\n");
    files.write(`/boot/config-${release}`, renderKernelConfig(machine, release));
    files.makeFolder(`/lib/modules/${release}`);
  }
  files.write("/etc/default/grub", machine.grubDefaults);
  files.write(`${grubFolder(machine)}/grubenv`, renderEnvironment(new Map()), 0o600);
  if (hasBls(machine)) writeBlsFiles(files, machine);
  else files.makeFolder("/etc/default/grub.d");
}

function initrdOf(machine: Machine, release: string): string {
  return hasBls(machine) ? `/boot/initramfs-${release}.img` : `/boot/initrd.img-${release}`;
}

function renderKernelConfig(machine: Machine, release: string): string {
  const lines = Object.entries(machine.kernelConfig).map(([name, value]) =>
    value === "n" ? `# ${name} is not set` : `${name}=${value}`,
  );
  return [
    "#",
    "# Automatically generated file; DO NOT EDIT.",
    `# Linux/x86 ${release} Kernel Configuration`,
    "#",
    "CONFIG_64BIT=y",
    ...lines,
    "",
  ].join("\n");
}

/** One entry a kernel, all with the options of `/etc/kernel/cmdline`. */
function writeBlsFiles(files: HostFiles, machine: Machine): void {
  const machineId = files.read("/etc/machine-id").trim();
  const settings = /^GRUB_CMDLINE_LINUX="([^"]*)"/m.exec(machine.grubDefaults)?.[1] ?? "";
  const options = `root=${machine.rootArgument} ro ${settings}`;
  for (const release of machine.kernels) {
    const text = [
      `title ${readPrettyName(machine)} (${release})`,
      `version ${release}`,
      `linux /vmlinuz-${release}`,
      `initrd /initramfs-${release}.img`,
      `options ${options}`,
      "grub_users $grub_users",
      "grub_arg --unrestricted",
      "grub_class fedora",
      "",
    ];
    files.write(`/boot/loader/entries/${machineId}-${release}.conf`, text.join("\n"));
  }
  files.write("/etc/kernel/cmdline", `${options}\n`);
  if (machine.firmware.isEfi) {
    files.write(
      "/boot/efi/EFI/fedora/grub.cfg",
      "search --no-floppy --fs-uuid --set=dev 1111-2222\nset prefix=($dev)/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n",
    );
  }
}

function readPrettyName(machine: Machine): string {
  return /^PRETTY_NAME="([^"]*)"/m.exec(machine.osRelease)?.[1] ?? "Linux";
}

/** Facts about the machine for the stand-ins, as assignments for `sh`. */
export function renderMachineScript(machine: Machine): string {
  let boot = { fileSystem: "ext4", device: "", isLogical: false, rank: -1 };
  eachVolume(machine, (volume, _disk, _number, below) => {
    const rank = ["/", "/boot"].indexOf(volume.mountPoint ?? "");
    if (rank <= boot.rank) return;
    boot = {
      fileSystem: volume.fileSystem ?? "ext4",
      device: devicePath(volume, below !== undefined),
      isLogical: below !== undefined,
      rank,
    };
  });
  const isFedora = hasBls(machine);
  const facts: Record<string, string> = {
    LOADER: machine.loader,
    ROOT_ARGUMENT: machine.rootArgument,
    ROOT_NAME: machine.rootArgument.replace(/^.*[=/]/, ""),
    GRUB_FOLDER: grubFolder(machine).slice(1),
    CHECKER: isFedora ? "grub2-script-check" : "grub-script-check",
    EDITENV: isFedora ? "grub2-editenv" : "grub-editenv",
    BOOT_FILE_SYSTEM: boot.fileSystem === "ext4" ? "ext2" : boot.fileSystem,
    BOOT_ABSTRACTION: boot.isLogical ? "lvm" : "",
    BOOT_DEVICE: boot.device,
  };
  return Object.entries(facts)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("");
}
