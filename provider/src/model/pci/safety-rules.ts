import { z } from "zod";

/** Rules that a user can waive by name. */
export const WAIVABLE_RULES = [
  "boot-display",
  "console-input",
  "default-route",
  "essential-class",
  "mounted-storage",
  "network-in-use",
  "rmrr",
] as const;

/** Rules that nobody can waive: the host, the session or a guest would be cut off, or the kernel cannot do it. */
export const ABSOLUTE_RULES = ["bridge", "root-storage", "running-domain", "sriov", "ssh-session"] as const;

export type AbsoluteRule = (typeof ABSOLUTE_RULES)[number];

/** A safety rule as a user may name it in `allow`. */
export const SafetyRule = z.enum(WAIVABLE_RULES, { error: (issue) => explainRuleName(issue.input) });
export type SafetyRule = z.infer<typeof SafetyRule>;

/** Any rule that a finding can name. */
export type SafetyRuleName = SafetyRule | AbsoluteRule;

/** What a rule is about, for messages and documentation. */
export interface SafetyRuleText {
  readonly isWaivable: boolean;
  /** What the rule refuses to move. */
  readonly refuses: string;
  /** Why it does. */
  readonly because: string;
  /** What to do instead of waiving it. */
  readonly instead: string;
}

type SafetyRuleTable = {
  readonly [Rule in SafetyRuleName]: SafetyRuleText & { readonly isWaivable: Rule extends SafetyRule ? true : false };
};

/** Every rule, in the order of its name. */
export const SAFETY_RULES: SafetyRuleTable = {
  "boot-display": {
    isWaivable: true,
    refuses: "the display that the firmware booted on (`boot_vga`)",
    because: "Screen and console of the host go dark, and a failing boot can no longer be watched.",
    instead: "Make another card the primary display in the firmware setup.",
  },
  bridge: {
    isWaivable: false,
    refuses: "a PCI bridge as the device that is asked for",
    because: "A guest can be given endpoints only, and everything below the bridge would go.",
    instead: "Name an endpoint below the bridge.",
  },
  "console-input": {
    isWaivable: true,
    refuses: "a USB or input controller that a keyboard or another input device of the host hangs on",
    because: "Nobody can type at the host's console any more.",
    instead: "Plug the input device into a port of another controller.",
  },
  "default-route": {
    isWaivable: true,
    refuses: "a network function that the default route leads through",
    because: "The host loses its way to other networks.",
    instead: "Lead the default route through another interface.",
  },
  "essential-class": {
    isWaivable: true,
    refuses: "host bridges, ISA and other bridges, memory and interrupt controllers, IOMMUs and SMBus controllers",
    because: "They are parts of the host itself, and hosts rarely survive the loss of one.",
    instead: "Choose a device whose group holds nothing of the kind, for instance in another slot.",
  },
  "mounted-storage": {
    isWaivable: true,
    refuses: "a function behind any file system that is mounted",
    because: "The disks vanish under the file system, and what was not yet written is lost.",
    instead: "Unmount the file systems first.",
  },
  "network-in-use": {
    isWaivable: true,
    refuses: "a network function whose interface has addresses or is a port of a bridge or bond",
    because: "The host, or the guests on that bridge, lose the network behind it.",
    instead: "Remove the addresses, or take the interface out of its bridge or bond.",
  },
  rmrr: {
    isWaivable: true,
    refuses: "a group for which the firmware keeps memory (a reserved region of kind `direct`, Intel's RMRR)",
    because: "The kernel refuses to assign such a device, so the host gives it up and no guest can have it.",
    instead: "Turn off the firmware feature that keeps the memory, such as the shared management port of a server.",
  },
  "root-storage": {
    isWaivable: false,
    refuses: "a function behind /, /boot, /boot/efi, /efi, /usr, /var, /etc, /sysroot or swap",
    because: "The host loses its own system and does not come back.",
    instead: "Choose another device, or move these file systems to another controller.",
  },
  "running-domain": {
    isWaivable: false,
    refuses: "a function that a running or paused domain holds",
    because: "The guest would lose the device in use; libvirt refuses that as well.",
    instead: "Shut the domain down, or take the device out of it.",
  },
  sriov: {
    isWaivable: false,
    refuses: "a physical function while it has virtual functions",
    because: "Its virtual functions vanish with its driver, from under the host or the guests that use them.",
    instead:
      "Set sriov_numvfs of the physical function to 0 (count: 0 of SriovVirtualFunctions), or pass one of its virtual functions on.",
  },
  "ssh-session": {
    isWaivable: false,
    refuses: "the network function that carries the SSH session; every one in use where that cannot be told",
    because: "The session ends in the middle of the change, and nobody can reach the host to take it back.",
    instead: "Reach the host over another network interface, or choose another device.",
  },
};

function explainRuleName(input: unknown): string {
  const name = JSON.stringify(input);
  const known = `the rules that can be waived are ${WAIVABLE_RULES.join(", ")}`;
  const isAbsolute = ABSOLUTE_RULES.some((rule) => rule === input);
  return isAbsolute ? `the safety rule ${name} cannot be waived; ${known}` : `${name} is not a safety rule; ${known}`;
}
