import type { LabHost } from "./lab-host";

/** What the operator of a lab host had on its command line, and what becomes of it. */
const KEPT_WORDS = "console=ttyS0 no_timer_check";
const [OLD_WORDS, NEW_WORDS] = [`${KEPT_WORDS} intel_iommu=off`, `${KEPT_WORDS} intel_iommu=on iommu=pt`];

/** A command line of the main job, before and after. */
export interface LineChange {
  readonly before: string;
  readonly after: string;
}

/** Where a lab host's boot loader keeps its command lines, and how a plan speaks of them. */
export interface BootSetup {
  /** The file with the operator's own settings. */
  readonly settings: string;
  /** Prints the kernel lines as the boot loader will run them. */
  readonly printLines: string;
  /** The line of the next boot, from what the running kernel says of itself. */
  readonly describeLine: (running: string) => LineChange;
  /** What a plan says that it edits; the paths of entries come from the host. */
  readonly describeEdits: (entries: readonly string[]) => readonly string[];
}

/** Debian's GRUB, on BIOS and on UEFI. */
export const GRUB: BootSetup = {
  settings: "/etc/default/grub",
  printLines: "grep -E '^[[:space:]]*linux[[:space:]]' /boot/grub/grub.cfg",
  describeLine: (running) => {
    const root = readRoot(running);
    return { before: `${root} ro ${OLD_WORDS}`, after: `${root} ro ${NEW_WORDS}` };
  },
  describeEdits: () => [
    `edit /etc/default/grub: GRUB_CMDLINE_LINUX="${OLD_WORDS}" becomes GRUB_CMDLINE_LINUX="${NEW_WORDS}"`,
    "generate /boot/grub/grub.cfg beside the old one, check it, and put it in place",
  ],
};

/** systemd-boot with entries that kernel-install made. */
export const SYSTEMD_BOOT: BootSetup = {
  settings: "/etc/kernel/cmdline",
  printLines: "grep -H '^options' /boot/efi/loader/entries/*.conf",
  describeLine: (running) => {
    // kernel-install adds the id behind the operator's words.
    const [root, id] = [readRoot(running), /systemd\.machine_id=\S+/.exec(running)?.[0] ?? ""];
    return {
      before: `${root} ro ${OLD_WORDS} ${id}`,
      after: `${root} ro ${KEPT_WORDS} intel_iommu=on ${id} iommu=pt`,
    };
  },
  describeEdits: (entries) => [...entries.map((entry) => `edit ${entry}`), "edit /etc/kernel/cmdline"],
};

/** Paths of the entries that the boot loader reads; GRUB's menu has none of its own. */
export async function listEntries(host: LabHost): Promise<readonly string[]> {
  const listing = await host.ssh("ls /boot/efi/loader/entries/*.conf 2>/dev/null || true");
  return listing.split("\n").filter((path) => path !== "");
}

function readRoot(running: string): string {
  return /root=\S+/.exec(running)?.[0] ?? "";
}
