import { parseDomain } from "../../provider/src/model/libvirt/domain-xml";
import { GRUB, type BootSetup } from "./boot-setup";
import type { LabHost } from "./lab-host";

/** The folders in which nothing may change unseen; the EFI system partition is a file system of its own. */
const WATCHED = "/etc /boot /var/lib /root $(ls -d /boot/efi 2>/dev/null)";

/**
 * Left out: systemd's own seeds, clocks and timer stamps, which change by themselves. Logs and journals lie elsewhere; the
 * provider's own journal is inside.
 */
const CHANGES_BY_ITSELF = "\\( -path /var/lib/systemd -o -path /boot/efi/loader/random-seed \\)";

/** Kind and mode, size, times of content and inode, and target of links: what even an undone write leaves behind. */
const STAMPS = `find ${WATCHED} -xdev ${CHANGES_BY_ITSELF} -prune -o -printf '%p\\t%M %u %s %T@ %C@ %l\\n'`;
const HASHES = `find ${WATCHED} -xdev ${CHANGES_BY_ITSELF} -prune -o -type f -print0 | xargs -0 sha256sum`;

/** All files of the watched folders: by path, what must stay the same. */
export type Picture = ReadonlyMap<string, string>;

/** Hashes of the host's files, by path. */
export async function readHashes(host: LabHost): Promise<Picture> {
  const lines = (await host.ssh(HASHES)).trimEnd().split("\n");
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

/** Stamps and hashes of the host's files and folders, by path. */
export async function takePicture(host: LabHost): Promise<Picture> {
  const stamps = (await host.ssh(STAMPS)).trimEnd().split("\n");
  const hashes = await readHashes(host);
  return new Map(
    stamps.map((line) => {
      const [path = "", stamp = ""] = line.split("\t");
      return [path, `${stamp} ${hashes.get(path) ?? ""}`];
    }),
  );
}

/** Paths whose entries differ between two pictures, sorted. */
export function listChanges(before: Picture, after: Picture): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** Driver of every PCI function that has one, by address. */
export async function readDrivers(host: LabHost): Promise<Readonly<Record<string, string>>> {
  const links = await host.ssh("cd /sys/bus/pci/devices && find */ -maxdepth 1 -name driver -printf '%h %l\\n' | sort");
  return Object.fromEntries(links.trimEnd().split("\n").map(parseDriverLink));
}

function parseDriverLink(line: string): [string, string] {
  const [folder = "", target = ""] = line.split(" ");
  return [folder.replace("/", ""), target.split("/").at(-1) ?? ""];
}

/** The kernel lines, as the boot loader will run them. */
export async function readLinuxLines(host: LabHost, { printLines }: BootSetup = GRUB): Promise<readonly string[]> {
  return (await host.ssh(printLines)).trimEnd().split("\n");
}

/** Stored XML of a domain, with what libvirt hides by default. */
export function readDomain(host: LabHost, name: string): Promise<string> {
  return host.ssh(`virsh -q dumpxml --inactive --security-info ${name}`);
}

/** Addresses on the host of a domain's PCI devices, in the order of its XML. */
export async function readHostdevs(host: LabHost, name: string): Promise<readonly string[]> {
  return parseDomain(await readDomain(host, name)).hostdevs.map((hostdev) => hostdev.source);
}

/** Names of the driver that some functions are on; an empty text for none. */
export async function readDriversOf(host: LabHost, addresses: readonly string[]): Promise<readonly string[]> {
  const drivers = await readDrivers(host);
  return addresses.map((address) => drivers[address] ?? "");
}

/** How often the kernel has started, by what it wrote to the serial line: every boot begins with its version. */
export function countBoots(serialLog: string): number {
  return serialLog.split("\n").filter((line) => line.includes("] Linux version ")).length;
}
