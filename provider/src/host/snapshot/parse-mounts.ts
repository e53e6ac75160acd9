/** Where the firmware's file systems are mounted by custom; `bootctl` looks at the same three places. */
const PLACES = ["/boot", "/boot/efi", "/efi"];

/** Mount points of file systems that firmware can read; one that is mounted on first use counts as well. */
export function listMounts(mountInfo: string): string[] {
  return mountInfo.split("\n").flatMap((row) => {
    const [head = "", tail = ""] = row.split(" - ");
    const point = head.split(" ")[4] ?? "";
    const [kind = ""] = tail.split(" ");
    return PLACES.includes(point) && ["vfat", "msdos", "autofs"].includes(kind) ? [point] : [];
  });
}
