import type { PciAddress } from "../../model/pci/address";
import type { StorageUse } from "../../model/host-facts";
import { functionsOnPath } from "./parse-pci";
import { baseName } from "./sections";

type Texts = ReadonlyMap<string, string>;
type Links = ReadonlyMap<string, string | undefined>;

/** File systems without a device number of their own whose disks hold data of the host. */
const DEVICELESS_STORAGE: ReadonlySet<string> = new Set(["btrfs", "zfs", "bcachefs"]);

interface Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly fileSystem: string;
  readonly source: string;
}

/** Mounted file systems and swap with the PCI functions below them. */
export function parseStorage(texts: Texts, links: Links): StorageUse[] {
  const blocks = new BlockDevices(texts, links);
  const mounts = (texts.get("proc/self/mountinfo") ?? "").split("\n").flatMap(parseMount);
  const uses = mounts.filter(holdsData).map((mount) => traceMount(mount, blocks));
  const swaps = (texts.get("proc/swaps") ?? "").split("\n").slice(1);
  for (const row of swaps) {
    const [source = "", type = ""] = row.split(/\s+/);
    // A swap file lies on a file system that is mounted and listed itself; zram is memory.
    if (type !== "partition" || baseName(source).startsWith("zram")) continue;
    uses.push(traced("swap", source, "swap", blocks.functionsOf(blocks.nameOf(source))));
  }
  return uses.sort((a, b) => compare(a.mountPoint, b.mountPoint) || compare(a.source, b.source));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function parseMount(row: string): Mount[] {
  const [left = "", right = ""] = row.split(" - ");
  const [, , device, , mountPoint] = left.split(" ");
  const [fileSystem, source] = right.split(" ");
  if (device === undefined || mountPoint === undefined || fileSystem === undefined || source === undefined) return [];
  return [{ device, mountPoint: unescape(mountPoint), fileSystem, source: unescape(source) }];
}

/** The kernel writes blanks and backslashes in mount points as octal numbers. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

function holdsData(mount: Mount): boolean {
  if (mount.mountPoint === "/") return true;
  if (DEVICELESS_STORAGE.has(mount.fileSystem)) return true;
  // A loop device reads a file of another file system, which is listed itself.
  return !mount.device.startsWith("0:") && !/^\/dev\/(loop|zram|ram)\d/.test(mount.source);
}

function traceMount(mount: Mount, blocks: BlockDevices): StorageUse {
  const byNumber = mount.device.startsWith("0:") ? undefined : blocks.byNumber.get(mount.device);
  const names = mount.fileSystem === "btrfs" ? blocks.btrfsMembers(blocks.nameOf(mount.source)) : [byNumber];
  const all = names.map((name) => blocks.functionsOf(name));
  const isTraced = all.length > 0 && all.every((found) => found.length > 0);
  return traced(mount.mountPoint, mount.source, mount.fileSystem, isTraced ? all.flat() : []);
}

function traced(mountPoint: string, source: string, fileSystem: string, functions: readonly PciAddress[]): StorageUse {
  return { mountPoint, source, fileSystem, functions: [...new Set(functions)].sort(), isTraced: functions.length > 0 };
}

/** Block devices of the host and what they are made of. */
class BlockDevices {
  /** Names by `major:minor`. */
  readonly byNumber: ReadonlyMap<string, string>;
  private readonly mapperNames: ReadonlyMap<string, string>;
  private readonly links: Links;

  constructor(texts: Texts, links: Links) {
    this.links = links;
    const byNumber = new Map<string, string>();
    const mapperNames = new Map<string, string>();
    for (const [path, text] of texts) {
      const match = /^sys\/class\/block\/([^/]+)\/(dev|dm\/name)$/.exec(path);
      if (match?.[1] === undefined) continue;
      if (match[2] === "dev") byNumber.set(text, match[1]);
      else mapperNames.set(text, match[1]);
    }
    this.byNumber = byNumber;
    this.mapperNames = mapperNames;
  }

  /** Kernel name of a device node, such as `dm-0` for `/dev/mapper/vg-root`. */
  nameOf(source: string): string {
    const name = baseName(source);
    return source.startsWith("/dev/mapper/") ? (this.mapperNames.get(name) ?? name) : name;
  }

  /** All devices of the btrfs file system that one of them belongs to. */
  btrfsMembers(name: string): string[] {
    const members = [...this.links.keys()].flatMap((path) => {
      const match = /^sys\/fs\/btrfs\/([^/]+)\/devices\/(.+)$/.exec(path);
      return match === null ? [] : [{ fileSystem: match[1], name: match[2] ?? "" }];
    });
    const fileSystem = members.find((member) => member.name === name)?.fileSystem;
    if (fileSystem === undefined) return [name];
    return members.filter((member) => member.fileSystem === fileSystem).map((member) => member.name);
  }

  /** PCI functions below a block device; empty when one of its parts leads to none. */
  functionsOf(name: string | undefined, depth = 0): PciAddress[] {
    if (name === undefined || depth > 8) return [];
    const path = this.links.get(`sys/class/block/${name}`);
    if (path === undefined) return [];
    const direct = functionsOnPath(path);
    if (direct.length > 0) return direct;
    const parts = [...this.links.keys()]
      .filter((link) => link.startsWith(`sys/class/block/${name}/slaves/`))
      .map(baseName);
    const found = [...parts.map((part) => this.functionsOf(part, depth + 1)), ...this.nvmePaths(path)];
    return found.every((functions) => functions.length > 0) ? found.flat() : [];
  }

  /** A multipath NVMe disk is virtual; its subsystem links to the controllers. */
  private nvmePaths(path: string): PciAddress[][] {
    const subsystem = /nvme-subsystem\/([^/]+)\//.exec(path)?.[1];
    if (subsystem === undefined) return [];
    const prefix = `sys/class/nvme-subsystem/${subsystem}/`;
    return [...this.links].flatMap(([link, target]) =>
      link.startsWith(prefix) && /^nvme\d+$/.test(baseName(link)) ? [functionsOnPath(target ?? "")] : [],
    );
  }
}
