import { InvalidArgumentError, Option, type Command } from "commander";
import { WAIVABLE_RULES, type SafetyRule } from "../model/pci/safety-rules";
import type { DeviceSelector } from "../model/pci/selector";
import { collect, parseNumber } from "./host-options";
import type { GroupWishes, GuestWishes, IommuWishes } from "./planning";

/** What is wished for beside the device itself. */
export interface WishOptions {
  readonly mode?: "passthrough" | "translated";
  readonly kernelArgument?: string[];
  readonly reboot?: "never" | "if-required";
  readonly trialBoot?: boolean;
  readonly confirmTimeout?: number;
  readonly allow?: SafetyRule[];
  readonly persist: boolean;
  readonly prepare?: boolean;
  readonly managed: boolean;
  readonly multifunction?: boolean;
  readonly apply?: NonNullable<GuestWishes["apply"]>;
  readonly running?: boolean;
  readonly restart?: "never" | "if-required";
}

const REBOOT_POLICIES = ["never", "if-required"] as const;

/** Adds the options of the three resources to a command. */
export function addWishOptions(command: Command, defaults: { readonly reboot: string }): Command {
  const options = [
    new Option("--mode <mode>", "how devices that stay use the IOMMU").choices(["passthrough", "translated"]),
    new Option(
      "--kernel-argument <word>",
      "further word of the kernel command line; may be given several times",
    ).argParser(collect),
    new Option("--reboot <policy>", `whether the host may be rebooted (default: ${defaults.reboot})`).choices(
      REBOOT_POLICIES,
    ),
    new Option(
      "--trial-boot",
      "boot a new command line once, and keep it when the host comes back (implies --reboot if-required)",
    ),
    new Option(
      "--confirm-timeout <seconds>",
      "longest wait of a trial boot for its confirmation (default: 300)",
    ).argParser(parseNumber),
    new Option("--allow <rule>", "waive a safety rule; may be given several times").argParser(collectRule),
    new Option("--no-persist", "do not bind the group again at every boot of the host"),
    new Option("--prepare", "while the IOMMU is off, prepare the group for the boot that switches it on"),
    new Option("--no-managed", "the guest's devices are not given back by libvirt when it stops"),
    new Option("--multifunction", "the functions of one card are functions of one slot in the guest"),
    new Option("--apply <where>", "where the guest's devices come and go (default: config)").choices([
      "config",
      "live",
      "both",
      "auto",
    ]),
    new Option("--running", "the guest is started, and has to be seen with its devices"),
    new Option(
      "--restart <policy>",
      "whether a running guest may be shut down and started again for its devices (default: never)",
    ).choices(REBOOT_POLICIES),
  ];
  for (const option of options) command.addOption(option.helpGroup("Wishes:"));
  return command;
}

function collectRule(text: string, before?: readonly string[]): string[] {
  if (!WAIVABLE_RULES.some((rule) => rule === text)) {
    throw new InvalidArgumentError(`The rules that can be waived are ${WAIVABLE_RULES.join(", ")}.`);
  }
  return collect(text, before);
}

/** The inputs of a HostIommuConfig; what is not wished for is left out. */
export function iommuWishes(options: WishOptions): IommuWishes {
  const { mode, kernelArgument, reboot, trialBoot, confirmTimeout } = options;
  const isTrial = trialBoot === true || confirmTimeout !== undefined;
  const policy = reboot === "if-required" || (isTrial && reboot === undefined) ? "ifRequired" : reboot;
  return {
    ...(mode !== undefined && { mode }),
    ...(kernelArgument !== undefined && { kernelArguments: { present: kernelArgument } }),
    ...(isTrial && {
      trialBoot: confirmTimeout === undefined ? true : { confirmTimeoutSeconds: confirmTimeout },
    }),
    ...(policy !== undefined && { reboot: { policy } }),
  };
}

/** The inputs of a PciGroupDetachment. */
export function groupWishes(device: DeviceSelector, options: WishOptions): GroupWishes {
  return {
    device,
    ...(options.allow !== undefined && { allow: options.allow }),
    ...(!options.persist && { persist: false }),
    ...(options.prepare === true && { whenInactive: "prepare" as const }),
  };
}

/** The inputs of a DomainHostdev beside domain and devices; what is not wished for is left out. */
export function guestWishes(options: WishOptions): GuestWishes {
  const { managed, multifunction, apply, running, restart } = options;
  return {
    ...(!managed && { managed }),
    ...(multifunction === true && { multifunction }),
    ...(apply !== undefined && { apply }),
    ...(running === true && { running }),
    ...(restart !== undefined && { restart: restart === "never" ? restart : ("ifRequired" as const) }),
  };
}
