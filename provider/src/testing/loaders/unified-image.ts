import fs from "node:fs";

import type { ToolAnswer } from "../calls";
import { BootFailure, type BootChoice } from "../kernel/boot-loader";
import type { Machine } from "../machine";
import type { HostFiles } from "../root/host-files";
import { setVariable } from "./efi-variables";
import { announce } from "./systemd-boot";

const PARTITION = "/efi";
const IMAGE = `${PARTITION}/EFI/Linux/arch-linux.efi`;

/** A PE file with the sections of a unified kernel image; a signed one has a certificate table. */
export function renderUnifiedImage(commandLine: string, release: string, isSigned = false): Buffer {
  const sections = { ".linux": "kernel", ".uname": release, ".cmdline": commandLine, ".initrd": "initial ramdisk" };
  const header = Buffer.alloc(1024);
  header.write("MZ", 0);
  header.writeUInt32LE(0x80, 60);
  header.write("PE\0\0", 0x80);
  header.writeUInt16LE(Object.keys(sections).length, 0x86);
  header.writeUInt16LE(240, 0x94);
  header.writeUInt16LE(0x20b, 0x98);
  // The fifth data directory is the certificate table: place and size.
  if (isSigned) header.writeUInt32LE(1536, 0x98 + 112 + 36);
  const parts: Buffer[] = [header];
  Object.entries(sections).forEach(([name, text], index) => {
    const at = 0x98 + 240 + 40 * index;
    const body = Buffer.alloc(512);
    body.write(text);
    header.write(name, at);
    header.writeUInt32LE(Buffer.byteLength(text), at + 8);
    header.writeUInt32LE(body.length, at + 16);
    header.writeUInt32LE(1024 + 512 * index, at + 20);
    parts.push(body);
  });
  return Buffer.concat(parts);
}

function readSection(bytes: Buffer, wanted: string): string | undefined {
  if (bytes.length < 1024 || bytes.toString("latin1", 0, 2) !== "MZ") return undefined;
  for (let at = 0x98 + 240; at + 40 <= 1024; at += 40) {
    const name = bytes.toString("latin1", at, at + 8).replace(/\0+$/, "");
    const [size, place] = [bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 20)];
    if (name === wanted) return bytes.toString("utf8", place, place + size);
  }
  return undefined;
}

/** systemd-boot starts the image, whose stub takes the line from inside when nobody hands it another (systemd-stub(7)). */
export function chooseUnifiedImage(files: HostFiles, machine: Machine): BootChoice {
  announce(files);
  setVariable(files, "StubInfo", "systemd-stub 256.7-1-arch");
  const bytes = files.readBytesIfThere(IMAGE);
  const [commandLine, release] = [".cmdline", ".uname"].map((name) =>
    bytes === undefined ? undefined : readSection(bytes, name),
  );
  if (commandLine === undefined || release === undefined) throw new BootFailure(`${IMAGE} cannot be started`);
  if (!commandLine.split(/\s+/).includes(`root=${machine.rootArgument}`))
    throw new BootFailure(`${IMAGE}: no root file system`);
  return { title: machine.hostname, release, commandLine: commandLine.trim() };
}

/**
 * `mkinitcpio -p PRESET`: a preset with a slash is a file (`process_preset` of mkinitcpio); the images that it names are built
 * with the line of /etc/kernel/cmdline, without its comments, joined by blanks (mkinitcpio(8)).
 */
export function answerMkinitcpio(files: HostFiles, machine: Machine, words: readonly string[]): ToolAnswer {
  const [option, name = ""] = words;
  if (option !== "-p") return { status: 1, stderr: "==> ERROR: No option of this simulation\n" };
  const place = name.includes("/") ? name : files.locate(`/etc/mkinitcpio.d/${name}.preset`);
  if (!fs.existsSync(place)) return { status: 1, stderr: `==> ERROR: Failed to load preset: \`${name}'\n` };
  const values = new Map(
    [...fs.readFileSync(place, "utf8").matchAll(/^(\w+)=["']?([^"'\n]*)["']?$/gm)].map((match) => [match[1], match[2]]),
  );
  const presets = /^PRESETS=\((.*)\)$/gm;
  const chosen = [...fs.readFileSync(place, "utf8").matchAll(presets)].at(-1)?.[1]?.match(/\w+/g) ?? [];
  for (const preset of chosen) {
    const target = values.get(`${preset}_uki`);
    if (target === undefined) continue;
    const text = files
      .read("/etc/kernel/cmdline")
      .replace(/^#.*\n/gm, "")
      .trim()
      .split(/\s+/)
      .join(" ");
    const inside = target.startsWith(files.root) ? target.slice(files.root.length) : target;
    files.write(inside, renderUnifiedImage(text, machine.kernels[0] ?? ""));
  }
  return { status: 0, stdout: "==> Unified kernel image generation successful\n" };
}

/** What Arch's installation guide leads to with a unified image: preset, line, image. */
export function writeUnifiedImageFiles(files: HostFiles, machine: Machine, options: string): void {
  files.write("/etc/kernel/cmdline", `${options}\n`);
  files.write(
    "/etc/mkinitcpio.d/linux.preset",
    [
      "# mkinitcpio preset file for the 'linux' package",
      'ALL_kver="/boot/vmlinuz-linux"',
      "PRESETS=('default')",
      `default_uki="${IMAGE}"`,
      'default_options="--splash /usr/share/systemd/bootctl/splash-arch.bmp"',
      "",
    ].join("\n"),
  );
  files.write(IMAGE, renderUnifiedImage(options, machine.kernels[0] ?? ""));
  files.write(`${PARTITION}/loader/loader.conf`, "timeout 3\n");
}
