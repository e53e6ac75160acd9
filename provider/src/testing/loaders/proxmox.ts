import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import type { ToolAnswer } from "../calls";
import type { BootChoice } from "../kernel/boot-loader";
import type { Machine } from "../machine";
import { childAccount, type HostFiles } from "../root/host-files";
import { chooseSystemdBootEntry } from "./systemd-boot";

/** Two disks with a boot partition each, as the installer makes them for a mirror; the machine with GRUB has one. */
const UUIDS = ["4F6A-1B2C", "77D0-9E31"];
const LIST = "/etc/kernel/proxmox-boot-uuids";

/** A partition's content stands where its device node is; `mount` links to it. */
function partitionOf(uuid: string): string {
  return `/dev/disk/by-uuid/${uuid}`;
}

export function chooseProxmoxEntry(files: HostFiles, machine: Machine): BootChoice {
  return chooseSystemdBootEntry(files, machine, partitionOf(UUIDS[0] ?? ""));
}

export function writeProxmoxFiles(files: HostFiles, machine: Machine, options: string): void {
  const isGrub = machine.loader === "proxmox-grub";
  const uuids = isGrub ? UUIDS.slice(0, 1) : UUIDS;
  files.write(LIST, uuids.map((uuid) => `${uuid}\n`).join(""));
  files.write("/etc/kernel/cmdline", `${options}\n`);
  for (const uuid of uuids) {
    if (isGrub) files.makeFolder(`${partitionOf(uuid)}/grub`);
    else files.write(`${partitionOf(uuid)}/loader/loader.conf`, "timeout 3\ndefault proxmox-*\n");
  }
  if (!isGrub) writePartitions(files, machine);
}

/**
 * `proxmox-boot-tool refresh` runs /etc/kernel/postinst.d/zz-proxmox-boot (proxmox-kernel-helper): on every partition that is
 * there it writes entries with the first line of /etc/kernel/cmdline, or has update-grub make a menu. It wants a `root=` in
 * that line, and only warns of a partition that it skips.
 */
export async function answerProxmoxBootTool(
  files: HostFiles,
  machine: Machine,
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
): Promise<ToolAnswer> {
  if (words[0] !== "refresh") return { status: 1, stderr: "USAGE: proxmox-boot-tool <commands> [ARGS]\n" };
  if (machine.loader === "proxmox-grub") {
    for (const uuid of readList(files)) await generateMenu(files, environment, uuid);
    return { status: 0 };
  }
  const line = files.readIfThere("/etc/kernel/cmdline")?.split("\n")[0] ?? "";
  if (!line.includes("root=")) return { status: 1, stderr: "No root= parameter in /etc/kernel/cmdline found!\n" };
  writePartitions(files, machine);
  return { status: 0, stdout: "Running hook script 'zz-proxmox-boot'..\n" };
}

function readList(files: HostFiles): string[] {
  return files
    .read(LIST)
    .split("\n")
    .filter((uuid) => uuid !== "" && files.exists(partitionOf(uuid)));
}

function writePartitions(files: HostFiles, machine: Machine): void {
  const line = (files.read("/etc/kernel/cmdline").split("\n")[0] ?? "").trim();
  for (const uuid of readList(files)) {
    const partition = partitionOf(uuid);
    for (const release of machine.kernels) {
      const folder = `/EFI/proxmox/${release}`;
      files.write(`${partition}${folder}/vmlinuz-${release}`, "kernel\n");
      files.write(`${partition}${folder}/initrd.img-${release}`, "initial ramdisk\n");
      files.write(
        `${partition}/loader/entries/proxmox-${release}.conf`,
        `title    Proxmox Virtual Environment\nversion  ${release}\noptions  ${line}\nlinux    ${folder}/vmlinuz-${release}\ninitrd   ${folder}/initrd.img-${release}\n`,
      );
    }
  }
}

async function generateMenu(
  files: HostFiles,
  environment: Readonly<Record<string, string>>,
  uuid: string,
): Promise<void> {
  const tool = path.join(path.dirname(files.root), "bin", "grub-mkconfig");
  const account = childAccount();
  await promisify(execFile)(tool, ["-o", `${partitionOf(uuid)}/grub/grub.cfg`], {
    cwd: files.root,
    env: { ...environment, SIMULATED_USER: "root" },
    ...(account === undefined ? {} : { uid: account, gid: account }),
  });
}

/** `mount [-o OPTIONS] DEVICE FOLDER` and `umount FOLDER`, whose words are paths of the machine that runs the tests. */
export function answerMount(files: HostFiles, tool: string, words: readonly string[]): ToolAnswer {
  const paths = words.filter((word, i) => !word.startsWith("-") && words[i - 1] !== "-o");
  const [device = "", folder = device] = paths.map((word) => word.slice(files.root.length));
  if (tool === "umount") {
    fs.rmSync(files.locate(folder));
    fs.mkdirSync(files.locate(folder), { mode: 0o777 });
    return { status: 0 };
  }
  if (!files.exists(device)) return { status: 32, stderr: `mount: special device ${device} does not exist.\n` };
  fs.rmdirSync(files.locate(folder));
  files.linkText(folder, files.locate(device));
  return { status: 0 };
}
