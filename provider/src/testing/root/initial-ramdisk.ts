import type { Machine } from "../machine";
import type { HostFiles } from "./host-files";

/** Drivers that are part of the kernel. */
const BUILT_IN: ReadonlySet<string> = new Set(["pcieport"]);

/** Whether a driver is part of the machine's kernel, and so neither a file nor ever absent. */
export function isBuiltIn(machine: Machine, driver: string): boolean {
  return BUILT_IN.has(driver) || machine.builtInDrivers?.includes(driver) === true;
}

/** What an initial ramdisk holds, as far as it decides who gets a device. */
export interface InitialRamdisk {
  /** Names of its modules, as their files say. */
  readonly modules: ReadonlySet<string>;
  /** Text of its udev rules, in the order in which udev reads them. */
  readonly rules: readonly string[];
  /** Modules that are loaded whether a device asks for them or not: dracut's before udev starts (`rd.driver.pre`). */
  readonly forcedFirst: readonly string[];
  /** Those of initramfs-tools, once udev is done (`conf/modules`). */
  readonly forced: readonly string[];
}

const HEAD = "initial ramdisk of ";

/** Drivers that a new machine's initial ramdisk holds: those that do not wait for the root file system. */
export function listEarlyDrivers(machine: Machine): string[] {
  const drivers = machine.functions.flatMap((one) =>
    one.driver === undefined || one.lateDriver === true || isBuiltIn(machine, one.driver) ? [] : [one.driver],
  );
  return [...new Set(drivers)];
}

/** Text of a kernel's first initial ramdisk: a head, and a line for each file, with its bytes behind a tab. */
export function renderInitialRamdisk(machine: Machine, release: string): string {
  const modules = listEarlyDrivers(machine).map((name) => `usr/lib/modules/${release}/kernel/drivers/${name}.ko\t\n`);
  return `${HEAD}${release}\n${modules.sort().join("")}usr/lib/udev/rules.d/80-drivers.rules\t\n`;
}

/** Reads the initial ramdisk of a kernel; machines that build none have their first one for ever. */
export function readInitialRamdisk(files: HostFiles, machine: Machine, release: string): InitialRamdisk {
  const paths = [`/boot/initrd.img-${release}`, `/boot/initramfs-${release}.img`, `/boot/initrd-${release}`];
  const texts = paths.map((path) => files.readIfThere(path)).filter((text) => text?.startsWith(HEAD) === true);
  return parseInitialRamdisk(texts[0] ?? renderInitialRamdisk(machine, release));
}

function parseInitialRamdisk(text: string): InitialRamdisk {
  const entries = text
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"));
  const contents = new Map(entries.map(([path = "", bytes = ""]) => [path, Buffer.from(bytes, "base64").toString()]));
  const names = [...contents.keys()].map((path) => path.split("/").at(-1) ?? "");
  // A rule of /etc stands for one of the same name in /usr/lib.
  const rules = new Map(
    [...contents]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .flatMap(([path, content]) =>
        /udev\/rules\.d\/[^/]+\.rules$/.test(path) ? [[nameOf(path), content] as const] : [],
      ),
  );
  function listWords(isMeant: (path: string) => boolean): string[] {
    const words = [...contents].flatMap(([path, content]) => (isMeant(path) ? content.split(/\s+/) : []));
    return words.map((word) => word.replace("rd.driver.pre=", "")).filter((word) => word !== "");
  }
  return {
    modules: new Set(names.flatMap((name) => (name.endsWith(".ko") ? [name.slice(0, -3)] : []))),
    rules: [...rules].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, content]) => content),
    forcedFirst: listWords((path) => path.startsWith("etc/cmdline.d/")),
    forced: listWords((path) => path === "conf/modules"),
  };
}

function nameOf(path: string): string {
  return path.split("/").at(-1) ?? "";
}
