import type { HostFacts, PciFunction, StorageUse } from "../host-facts";
import { isStorageClass } from "./class-names";
import { joinWords } from "./describe";
import { hasHostDriver } from "./group";
import type { Hazard } from "./safety-finding";
import { hangsOn } from "./topology";

/** Without one of these a host does not run on or does not come back; `/sysroot` is the real root of ostree hosts. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  "/",
  "/boot",
  "/boot/efi",
  "/efi",
  "/etc",
  "/sysroot",
  "/usr",
  "/var",
  "swap",
]);

const NETWORK_FILE_SYSTEMS: ReadonlySet<string> = new Set([
  "9p",
  "afs",
  "ceph",
  "cifs",
  "fuse.glusterfs",
  "fuse.sshfs",
  "nfs",
  "nfs4",
  "smb3",
]);

/** Hold no data on a device: memory, and automount points, below which the real file system appears by itself. */
const DISKLESS_FILE_SYSTEMS: ReadonlySet<string> = new Set(["autofs", "devtmpfs", "ramfs", "tmpfs"]);

/** What stands against taking a function from the host's file systems and swap. */
export function listStorageHazards(facts: HostFacts, device: PciFunction): Hazard[] {
  const uses = listUses(facts).filter((use) => !isDiskless(use));
  const [essential, other] = [uses.filter(isEssential), uses.filter((use) => !isEssential(use))];
  return [
    findHazard("root-storage", facts, device, essential),
    findHazard("mounted-storage", facts, device, other),
  ].filter((hazard) => hazard !== undefined);
}

/** Every host has a root file system: one that is not listed is one that could not be traced. */
function listUses(facts: HostFacts): readonly StorageUse[] {
  const { uses } = facts.storage;
  if (uses.some((use) => use.mountPoint === "/")) return uses;
  return [...uses, { mountPoint: "/", source: "unknown", fileSystem: "unknown", functions: [], isTraced: false }];
}

function isEssential(use: StorageUse): boolean {
  return ESSENTIAL.has(use.mountPoint);
}

function isDiskless(use: StorageUse): boolean {
  return DISKLESS_FILE_SYSTEMS.has(use.fileSystem) || /^\/dev\/z?ram\d+$/.test(use.source);
}

function findHazard(
  rule: "root-storage" | "mounted-storage",
  facts: HostFacts,
  device: PciFunction,
  uses: readonly StorageUse[],
): Hazard | undefined {
  const held = uses.filter((use) => hangsOn(facts, use.functions, device.address)).map(describeUse);
  if (held.length > 0) return { rule, device, is: `holds ${joinWords(held)}`, loses: joinWords(held) };
  const doubtful = uses.filter((use) => !use.isTraced && mayHold(rule, facts, device, use)).map(describeUse);
  if (doubtful.length === 0) return undefined;
  const is = `may hold ${joinWords(doubtful)}: it could not be told on which devices that is stored, so every device in use that may hold it counts`;
  return { rule, device, is, loses: `perhaps ${joinWords(doubtful)}` };
}

/** Which functions an untraced use may hang on: storage controllers at work, or for a network's root the interfaces. */
function mayHold(rule: Hazard["rule"], facts: HostFacts, device: PciFunction, use: StorageUse): boolean {
  const isController = isStorageClass(device.class) && hasHostDriver(device);
  if (rule === "mounted-storage") return isController && isOnDevice(use);
  if (!NETWORK_FILE_SYSTEMS.has(use.fileSystem)) return isController;
  return facts.network.interfaces.some(
    (candidate) => candidate.isUp && hangsOn(facts, candidate.functions, device.address),
  );
}

/** Overlays, loop devices and the like rest on other file systems, which are listed themselves. */
function isOnDevice(use: StorageUse): boolean {
  return use.fileSystem === "zfs" || /^\/dev\/(?!loop)/.test(use.source);
}

function describeUse(use: StorageUse): string {
  return `${use.mountPoint} (${use.fileSystem} on ${use.source})`;
}
