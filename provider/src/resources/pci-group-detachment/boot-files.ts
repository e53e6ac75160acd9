import { ownFileName, parseFileMarker, renderFileMarker, renderIdConditions } from "../../model/boot/udev-rules";
import type { HostFacts, HostFile, PciFunction } from "../../model/host-facts";
import type { InitramfsTool } from "../../model/boot/initramfs";
import type { DeviceSelector } from "../../model/pci/selector";

/** A file of ours by which a group is bound at boot. */
export interface BootFile {
  readonly path: string;
  readonly text: string;
  readonly isExecutable: boolean;
  /** What it is for, in words. */
  readonly purpose: string;
}

/** Functions that are to be on a driver at boot, in the name of the device that was asked for. */
export interface Binding {
  readonly device: PciFunction;
  readonly driver: string;
  readonly functions: readonly PciFunction[];
}

/** A function as one of our rules names it. */
export interface BoundFunction {
  readonly address: string;
  readonly id: string;
}

const MARKER = "# pulumi-passthrough binds the IOMMU group of";

/** Path of the udev rule of a device's group; it sorts before 80-drivers.rules, which loads the drivers of the host. */
export function rulePath(address: string): string {
  return `/etc/udev/rules.d/10-${ownFileName(address)}.rules`;
}

/** Path of the file that takes the rule into initial ramdisks, for each tool that builds them. */
function carrierPath(address: string, kind: InitramfsTool["kind"]): string {
  return kind === "dracut"
    ? `/etc/dracut.conf.d/90-${ownFileName(address)}.conf`
    : `/etc/initramfs-tools/hooks/${ownFileName(address)}`;
}

/** Lists where files of ours for a device may lie, whether they do or not. */
export function listOwnPaths(address: string): string[] {
  return [rulePath(address), carrierPath(address, "dracut"), carrierPath(address, "initramfs-tools")];
}

/** Lists the files that a host needs for a binding: the rule, and what takes it into initial ramdisks. */
export function renderBootFiles(binding: Binding, tool: InitramfsTool | undefined): BootFile[] {
  const rule: BootFile = {
    path: rulePath(binding.device.address),
    text: renderRules(binding),
    isExecutable: false,
    purpose:
      binding.functions.map((one) => `${one.address} (${one.id})`).join(" and ") +
      ` to ${binding.driver} at every boot`,
  };
  return tool === undefined ? [rule] : [rule, renderCarrier(binding, tool, rule.path)];
}

/**
 * udev makes events of all devices side by side, and a driver that is loaded for one takes all that it matches. So each
 * event of any PCI device writes our overrides before a driver can be loaded for it; `[pci/…]` names another device than
 * the event's (udev(7)). The event of a function itself then loads the driver that the override waits for. One that is there already, as dracut's
 * forced drivers are before udev, looks at no device again by itself: so the bus is told to.
 */
function renderRules({ device, driver, functions }: Binding): string {
  const rules = functions.map((one) => {
    const event = 'ACTION=="add", SUBSYSTEM=="pci"';
    const other = `[pci/${one.address}]`;
    return [
      `${event}, ${renderIdConditions(one, other)}, ATTR{${other}driver_override}="${driver}"\n`,
      `${event}, KERNEL=="${one.address}", ${renderIdConditions(one)}, ATTR{[subsystem/pci]drivers_probe}="${one.address}", RUN{builtin}+="kmod load ${driver}"\n`,
    ].join("");
  });
  return renderFileMarker(MARKER, device) + rules.join("");
}

/** Initial ramdisks of later kernels hold the rule by this file, whoever has them built. */
function renderCarrier({ device, driver }: Binding, tool: InitramfsTool, rule: string): BootFile {
  const purpose = "initial ramdisks that are built from now on hold the rule";
  const path = carrierPath(device.address, tool.kind);
  if (tool.kind === "dracut") {
    // dracut joins the values of all files as they are: the blanks keep ours apart.
    const text = `${renderFileMarker(MARKER, device)}install_items+=" ${rule} "\nforce_drivers+=" ${driver} "\n`;
    return { path, text, isExecutable: false, purpose };
  }
  const text = [
    "#!/bin/sh\n",
    renderFileMarker(MARKER, device),
    '[ "${1:-}" != prereqs ] || exit 0\n',
    `[ -e ${rule} ] || exit 0\n`,
    ". /usr/share/initramfs-tools/hook-functions\n",
    'mkdir -p "$DESTDIR/etc/udev/rules.d"\n',
    `cp -p ${rule} "$DESTDIR/etc/udev/rules.d/"\n`,
    `force_load ${driver}\n`,
  ].join("");
  return { path, text, isExecutable: true, purpose };
}

function parseMarker(file: HostFile): BoundFunction | undefined {
  return parseFileMarker(MARKER, file.text ?? "");
}

/** Our files for the device that is asked for: by its address, or by its id alone where that is all that is declared. */
export function findOwnFiles(facts: HostFacts, selector: DeviceSelector): HostFile[] {
  return facts.persistence.files.filter((file) => {
    const owner = parseMarker(file);
    if (owner === undefined) return false;
    return selector.address === undefined ? owner.id === selector.id : owner.address === selector.address;
  });
}

/** Whether a file at one of our paths was written by someone else. */
export function isForeign(file: HostFile): boolean {
  return parseMarker(file) === undefined;
}

/** Functions that a rule of ours names. */
export function parseRules(file: HostFile): BoundFunction[] {
  const rows = (file.text ?? "").split("\n");
  return rows.flatMap((row) => {
    const [, address] = /\bKERNEL=="([0-9a-f:.]+)"/.exec(row) ?? [];
    const [, vendor] = /\bATTR\{vendor\}=="0x([0-9a-f]{4})"/.exec(row) ?? [];
    const [, device] = /\bATTR\{device\}=="0x([0-9a-f]{4})"/.exec(row) ?? [];
    if (address === undefined || vendor === undefined || device === undefined) return [];
    return [{ address, id: `${vendor}:${device}` }];
  });
}

/** Says for each function of our rules where another one sits now, or none: nothing is bound there at boot. */
export function listDrift(facts: HostFacts, files: readonly HostFile[]): string[] {
  return files.flatMap(parseRules).flatMap(({ address, id }) => {
    const now = facts.pci.find((device) => device.address === address);
    if (now?.id === id) return [];
    const moved = facts.pci.filter((device) => device.id === id).map((device) => device.address);
    const whereabouts = moved.length === 0 ? `${id} is nowhere on this host` : `${id} is at ${moved.join(", ")}`;
    const found = now === undefined ? "is no longer there" : `is now ${now.id}, not ${id}`;
    return [`${address} ${found} (${whereabouts}), so nothing is bound there at boot`];
  });
}
