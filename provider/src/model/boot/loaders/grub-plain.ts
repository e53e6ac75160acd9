import type { BootFacts, HostFacts } from "../../host-facts";
import type { KernelArgumentEdit } from "../../kernel/command-line";
import { listEntries } from "../grub-bls-places";
import { readGrubDefaults } from "../grub-reading";
import { readLoaderType } from "../grub-suse";
import { renderValue } from "../sh-evaluation";
import { ShProblem } from "../sh-lexer";
import { grub } from "./grub";
import { describeByHand, type BootChange, type BootLoader, type BootRefusal } from "./loader";

const DEFAULTS = "/etc/default/grub";

/** Words of `ID` and `ID_LIKE` whose GRUB makes its whole menu from /etc/default/grub. */
const FAMILIES: ReadonlySet<string> = new Set(["arch", "suse", "opensuse", "sles", "fedora", "rhel", "centos"]);

/**
 * GRUB with a generated menu as its authors ship it: openSUSE, Arch, and the Fedora family without boot loader entries.
 * It differs from Debian's in that nobody reads /etc/default/grub.d, so what stands there has no effect.
 */
export const grubPlain: BootLoader = {
  ...grub,
  isUsed,
  plan: (boot, edit, prior) => refuseSwitch(boot, edit) ?? grub.plan(withoutDropIns(boot), edit, prior),
  restore: (boot, edit, undo): BootChange | BootRefusal =>
    refuseSwitch(boot, edit) ?? grub.restore(withoutDropIns(boot), edit, undo),
};

function isUsed({ boot, identity }: HostFacts): boolean {
  const type = readLoaderType(boot);
  return (
    boot.grubConfig?.usesBls === false &&
    ("grub-mkconfig" in boot.tools || "grub2-mkconfig" in boot.tools) &&
    boot.files.some((file) => file.path === DEFAULTS) &&
    (type === undefined || type === "grub2" || type === "grub2-efi") &&
    identity.distribution.some((word) => FAMILIES.has(word) || word.startsWith("opensuse-"))
  );
}

function withoutDropIns(boot: BootFacts): BootFacts {
  return { ...boot, files: boot.files.filter((file) => !file.path.startsWith("/etc/default/grub.d/")) };
}

/** Fedora's generator makes a menu of entries unless it is told not to; the menu that is there would be another one. */
function refuseSwitch(boot: BootFacts, edit: KernelArgumentEdit): BootRefusal | undefined {
  if (listEntries(boot).length === 0 || readLoaderType(boot) !== undefined) return undefined;
  const text = boot.files.find((file) => file.path === DEFAULTS)?.text ?? "";
  const reading = readGrubDefaults(text);
  const variables = reading instanceof ShProblem ? undefined : reading.evaluation.variables;
  const value = renderValue(variables?.get("GRUB_ENABLE_BLSCFG")) ?? "";
  const isDefault = value === "" && "grub2-mkconfig" in boot.tools;
  if (value !== "true" && !isDefault) return undefined;
  return {
    refused: `${boot.grubConfig?.path ?? "the menu"} lists the kernels itself, but the next run of its generator would take them from /boot/loader/entries (GRUB_ENABLE_BLSCFG in ${DEFAULTS}); generate it by hand first (grub2-mkconfig -o ${boot.grubConfig?.path ?? ""}) and run again, or ${describeByHand(edit)}`,
  };
}
