import fs from "node:fs";
import path from "node:path";

import type { Machine } from "../machine";
import { listOtherTools } from "../loaders/other-loaders";
import { grubPrefix, hasBls } from "../machine";
import { listPackageTools } from "../packages/catalog";

/** Which shell runs the scripts of a simulated host. */
export type ShellKind = "sh" | "dash" | "busybox";

/** Tools of coreutils, util-linux, findutils, grep, sed and awk: what a script may assume on any host, and nothing else. */
const ORDINARY =
  `[ arch awk b2sum base32 base64 basename bash busybox cat chgrp chmod chown cksum cmp comm cp csplit cut
  date dash dd df diff dirname du echo egrep env expand expr factor false fgrep find flock fmt fold gawk getopt grep gunzip
  gzip head hexdump install join kill link ln logger ls mawk md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt
  od paste pathchk pr printenv printf ptx pwd readlink realpath renice rev rm rmdir sed seq setsid sha1sum sha224sum
  sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum tac tail tar test timeout touch tr true
  truncate tsort tty unexpand uniq unlink wc xargs yes zcat`.split(/\s+/);

/** Stand-ins that every machine has: file name of the script by the tool's name. */
const COMMON: Readonly<Record<string, string>> = {
  hostname: "hostname",
  id: "id",
  ip: "ip",
  modprobe: "call",
  reboot: "call",
  shutdown: "call",
  sudo: "sudo",
  sync: "sync",
  systemctl: "call",
  tee: "tee",
  udevadm: "call",
  uname: "uname",
  whoami: "whoami",
};

/** Scripts that are no tools of their own: what tools hand over to. */
const LIBRARY: Readonly<Record<string, string>> = {
  "pack-ramdisk": "pack-ramdisk",
  fault: "call",
  menu: "menu",
  step: "call",
  "step-hook": "step-hook",
  sysfs: "call",
};

function loaderTools(machine: Machine): Record<string, string> {
  const prefix = grubPrefix(machine);
  const names = ["mkconfig", "script-check", "editenv", "reboot", "probe"];
  const tools = Object.fromEntries(names.map((name) => [`${prefix}-${name}`, `grub-${name}`]));
  tools[`${prefix}-set-default`] = "grub-reboot";
  if (machine.loader === "debian-grub") tools["update-grub"] = "update-grub";
  if (hasBls(machine)) tools["grubby"] = "grubby";
  const builders =
    machine.loader === "debian-grub" ? ["mkinitramfs", "lsinitramfs", "update-initramfs"] : ["dracut", "lsinitrd"];
  if (machine.loader === "debian-grub" || hasBls(machine)) for (const name of builders) tools[name] = name;
  return tools;
}

/** Names of the stand-ins of a machine, and the script behind each. */
function standIns(machine: Machine): Record<string, string> {
  return {
    ...COMMON,
    ...loaderTools(machine),
    ...listOtherTools(machine),
    ...Object.fromEntries(listPackageTools(machine).map((name) => [name, "call"])),
    ...(machine.libvirt === undefined ? {} : { virsh: "call", "virt-host-validate": "call" }),
  };
}

const scripts = new Map<string, string>();

/** Text of a stand-in. */
export function readStandIn(name: string): string {
  const known = scripts.get(name) ?? fs.readFileSync(path.join(__dirname, "..", "stand-ins", `${name}.sh`), "utf8");
  scripts.set(name, known);
  return known;
}

const found = new Map<string, string>();

function findOrdinary(): ReadonlyMap<string, string> {
  if (found.size > 0) return found;
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  for (const name of ORDINARY) {
    const folder = folders.find((one) => one.startsWith("/") && fs.existsSync(path.join(one, name)));
    if (folder !== undefined) found.set(name, path.join(folder, name));
  }
  return found;
}

/** Where an ordinary tool of this machine lies; throws when it has none. */
export function locateTool(name: string): string {
  const place = findOrdinary().get(name);
  if (place === undefined) throw new Error(`this machine has no ${name}`);
  return place;
}

/** Fills `bin` and `lib`: the stand-ins, and links to the ordinary tools, so that a script finds nothing else. */
export function writeToolbox(base: string, machine: Machine, missing: readonly string[]): void {
  const bin = path.join(base, "bin");
  const lib = path.join(base, "lib");
  for (const folder of [bin, lib]) fs.mkdirSync(folder);
  for (const [name, place] of findOrdinary()) {
    if (!missing.includes(name)) fs.symlinkSync(place, path.join(bin, name));
  }
  for (const [name, script] of Object.entries(standIns(machine))) {
    if (!missing.includes(name)) fs.writeFileSync(path.join(bin, name), readStandIn(script), { mode: 0o755 });
  }
  for (const [name, script] of Object.entries(LIBRARY)) {
    fs.writeFileSync(path.join(lib, name), readStandIn(script), { mode: 0o755 });
  }
}

/** Puts the fault script before a tool; the tool itself moves to `real`. */
export function wrapTool(base: string, name: string): void {
  const tool = path.join(base, "bin", name);
  const real = path.join(base, "real", name);
  if (fs.existsSync(real)) return;
  if (!fs.existsSync(tool)) throw new Error(`the simulated host has no tool ${name}`);
  fs.mkdirSync(path.dirname(real), { recursive: true });
  fs.renameSync(tool, real);
  fs.writeFileSync(tool, readStandIn("fault"), { mode: 0o755 });
}

/**
 * Puts `sh` into `bin`. BusyBox may prefer its own applets to what PATH says, so it first gets a function for every
 * stand-in; dash and the system's own shell are linked.
 */
export function writeShell(base: string, kind: ShellKind): void {
  const shell = path.join(base, "bin", "sh");
  if (kind !== "busybox") {
    fs.symlinkSync(kind === "dash" ? locateTool("dash") : "/bin/sh", shell);
    return;
  }
  const names = ["sh", ...Object.keys(COMMON), "mv", "cp", "ln", "rm", "cat", "sort", "mkdir", "dpkg", "rpm"];
  const functions = names.map((name) => `${name}() { "$SIMULATED_HOST/bin/${name}" "$@"; }`).join("\n");
  // `exec` passes functions by; a blank at the end of an alias has the word behind it looked up as one as well.
  const aliases = `alias exec='exec ' sh="$SIMULATED_HOST/bin/sh"`;
  fs.writeFileSync(path.join(base, "lib", "functions"), `${functions}\n${aliases}\n`);
  const busybox = `exec ${locateTool("busybox")} sh`;
  const prelude = '. "$SIMULATED_HOST/lib/functions"';
  const start = [
    "#!/bin/sh",
    "case ${1-} in",
    // The script comes over a socket, which cannot be opened by name and need not end: its `exit` ends it.
    `-s) shift; ${busybox} -c '${prelude}; script=`,
    "while IFS= read -r line; do",
    '  script="$script$line',
    '"',
    '  case $line in exit | *" exit; }") break ;; esac',
    "done",
    `eval "$script"' sh "$@" ;;`,
    `-c) SIMULATED_COMMAND=$2; export SIMULATED_COMMAND; shift 2; ${busybox} -c '${prelude}; eval "$SIMULATED_COMMAND"' "$@" ;;`,
    "esac",
    `${busybox} "$@"`,
    "",
  ];
  fs.writeFileSync(shell, start.join("\n"), { mode: 0o755 });
}
