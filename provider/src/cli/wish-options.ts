import { InvalidArgumentError, Option, type Command } from "commander";
import { WAIVABLE_RULES, type SafetyRule } from "../model/pci/safety-rules";
import type { DeviceSelector } from "../model/pci/selector";
import { collect, parseNumber } from "./host-options";
import type { GroupWishes, IommuWishes } from "./planning";

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
}

/** Adds the options of the three resources to a command. */
export function addWishOptions(command: Command, defaults: { readonly reboot: string }): Command {
  const options = [
    new Option("--mode <mode>", "how devices that stay use the IOMMU").choices(["passthrough", "translated"]),
    new Option(
      "--kernel-argument <word>",
      "further word of the kernel command line; may be given several times",
    ).argParser(collect),
    new Option("--reboot <policy>", `whether the host may be rebooted (default: ${defaults.reboot})`).choices([
      "never",
      "if-required",
    ]),
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
