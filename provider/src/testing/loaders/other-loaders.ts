import type { ToolAnswer, ToolCall } from "../calls";
import type { BootChoice } from "../kernel/boot-loader";
import type { Machine, MachineLoader } from "../machine";
import type { HostFiles } from "../root/host-files";
import { answerMount, answerProxmoxBootTool, chooseProxmoxEntry, writeProxmoxFiles } from "./proxmox";
import { answerRpmOstree, chooseDeployment, finalizeDeployment, markDeployment, writeDeployment } from "./rpm-ostree";
import { answerBootctl, chooseSystemdBootEntry, writeSystemdBootFiles } from "./systemd-boot";
import { answerMkinitcpio, chooseUnifiedImage, writeUnifiedImageFiles } from "./unified-image";

/** What one of these loaders is on a simulated machine. */
interface OtherLoader {
  /** The script behind each stand-in by the tool's name. */
  readonly tools: Readonly<Record<string, string>>;
  readonly write: (files: HostFiles, machine: Machine, options: string) => void;
  /** Absent where GRUB reads the menu. */
  readonly choose?: (files: HostFiles, machine: Machine) => BootChoice;
}

const PROXMOX: OtherLoader = {
  tools: { bootctl: "call", mount: "call", "proxmox-boot-tool": "call", umount: "call", unshare: "unshare" },
  write: writeProxmoxFiles,
};

const LOADERS: Readonly<Partial<Record<MachineLoader, OtherLoader>>> = {
  "systemd-boot": {
    tools: { bootctl: "call", "kernel-install": "call" },
    write: writeSystemdBootFiles,
    choose: (files, machine) => chooseSystemdBootEntry(files, machine, "/boot/efi"),
  },
  "unified-kernel-image": {
    tools: { bootctl: "call", mkinitcpio: "call" },
    write: writeUnifiedImageFiles,
    choose: chooseUnifiedImage,
  },
  "rpm-ostree": {
    tools: { "rpm-ostree": "call" },
    write: (files, _, options) => {
      writeDeployment(files, options);
    },
    choose: chooseDeployment,
  },
  proxmox: { ...PROXMOX, choose: chooseProxmoxEntry },
  "proxmox-grub": PROXMOX,
};

/** Stand-ins that a machine has for its boot loader beside GRUB: the script behind each by the tool's name. */
export function listOtherTools({ loader }: Machine): Readonly<Record<string, string>> {
  return LOADERS[loader]?.tools ?? {};
}

/** Writes what a machine boots from when that is not GRUB's menu. */
export function writeOtherBootFiles(files: HostFiles, machine: Machine): void {
  const settings = /^GRUB_CMDLINE_LINUX="([^"]*)"/m.exec(machine.grubDefaults)?.[1] ?? "";
  LOADERS[machine.loader]?.write(files, machine, `root=${machine.rootArgument} ro ${settings}`);
}

/** Chooses what to boot; undefined where GRUB does. */
export function chooseOtherEntry(files: HostFiles, machine: Machine): BootChoice | undefined {
  return LOADERS[machine.loader]?.choose?.(files, machine);
}

/** What the system does once it runs. */
export function finishStart(files: HostFiles, machine: Machine): void {
  if (machine.loader === "rpm-ostree") markDeployment(files);
}

/** What the system does at an orderly shutdown. */
export function beginShutdown(files: HostFiles, machine: Machine): void {
  if (machine.loader === "rpm-ostree") finalizeDeployment(files);
}

/** Answers a tool of one of these loaders; undefined when it is none. */
export async function answerOtherTool(
  files: HostFiles,
  machine: Machine,
  environment: Readonly<Record<string, string>>,
  call: ToolCall,
): Promise<ToolAnswer | undefined> {
  switch (call.tool) {
    case "bootctl":
      return answerBootctl(files, call.words);
    case "mkinitcpio":
      return answerMkinitcpio(files, machine, call.words);
    case "rpm-ostree":
      return answerRpmOstree(files, call.words);
    case "proxmox-boot-tool":
      return answerProxmoxBootTool(files, machine, environment, call.words);
    case "mount":
    case "umount":
      return answerMount(files, call.tool, call.words);
    default:
      return undefined;
  }
}
