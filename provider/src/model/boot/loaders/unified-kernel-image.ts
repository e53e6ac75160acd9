import type { ChangeStep } from "../../change";
import type { BootFacts, HostFile, UnifiedImage } from "../../host-facts";
import { parseCommandLine, type KernelArgumentEdit } from "../../kernel/command-line";
import { isSatisfied, listAbsent } from "../../kernel/edit";
import { editKernelCommandLineFile, parseKernelCommandLineFile } from "../kernel-cmdline-file";
import type { TextEdit } from "../line-change";
import {
  describeByHand,
  extendUndo,
  requireText,
  restoreFile,
  type BootChange,
  type BootLoader,
  type BootRefusal,
  type FileUndo,
} from "./loader";

const LINE = "/etc/kernel/cmdline";

/**
 * Kernels that carry their initial ramdisk and command line in one file. The line comes from /etc/kernel/cmdline when an
 * image is built; images that a preset of mkinitcpio names are built anew beside the old ones, unless they are signed.
 */
export const unifiedKernelImage: BootLoader = {
  name: "unified-kernel-image",
  isUsed: ({ boot }) => boot.loaderVariables?.stub !== undefined,
  plan: (boot, edit, prior) =>
    change(boot, edit, (text) => {
      const edited = editKernelCommandLineFile(text, edit);
      return "refused" in edited ? edited : { ...edited, undo: extendUndo(prior, LINE, edited.replacedLine) };
    }),
  restore: (boot, edit, undo) =>
    change(boot, edit, (text) => {
      const restored = restoreFile(text, LINE, undo);
      const edited: TextEdit = restored.isComplete
        ? { text: restored.text }
        : editKernelCommandLineFile(restored.text, edit);
      return "refused" in edited ? edited : { ...edited, undo: [] };
    }),
  planTrial: () => ({
    refused:
      "the command line is part of the kernel's image, so a trial would need an image of its own on the boot partition",
  }),
  clearTrial: () => [],
};

type Rewritten = { readonly text: string; readonly undo: readonly FileUndo[] } | BootRefusal;

function change(
  boot: BootFacts,
  edit: KernelArgumentEdit,
  rewrite: (text: string) => Rewritten,
): BootChange | BootRefusal {
  const images = boot.unifiedImages ?? [];
  const file = boot.files.find(({ path }) => path === LINE);
  const refusal = explainRefusal(boot, images, file, edit);
  if (refusal !== undefined) return { refused: refusal };
  const text = file === undefined ? "" : requireText(file);
  if (typeof text !== "string") return text;
  const edited = rewrite(text);
  if ("refused" in edited) return { refused: `${LINE}: ${edited.refused}` };
  const isWritten = edited.text !== text;
  const stale = images.filter(({ commandLine }) => isWritten || !isSatisfied(parseCommandLine(commandLine), edit));
  const builds = stale.map((image) => planBuild(boot, image, edit)).filter((step) => step !== undefined);
  return {
    steps: [...(isWritten ? [{ kind: "write" as const, path: LINE, text: edited.text }] : []), ...builds],
    descriptions: [
      ...(isWritten ? [`edit ${LINE}`] : []),
      ...builds.map(
        ({ build }) => `build ${build.path} beside the old one (mkinitcpio), check it, and put it in place`,
      ),
    ],
    undo: edited.undo,
    before: parseKernelCommandLineFile(text).join(" "),
    after: parseKernelCommandLineFile(edited.text).join(" "),
    warnings: [],
  };
}

function explainRefusal(
  boot: BootFacts,
  images: readonly UnifiedImage[],
  file: HostFile | undefined,
  edit: KernelArgumentEdit,
): string | undefined {
  if (images.length === 0)
    return `a unified kernel image booted this host, and none is found in EFI/Linux of /boot, /boot/efi or /efi; is its partition mounted? ${describeByHand(edit)}, in ${LINE}, then build it as this host does`;
  const signed = images.find(({ isSigned }) => isSigned);
  if (signed !== undefined)
    return `${signed.path} is a signed unified kernel image, and its signature covers the command line; ${describeByHand(edit)}, in ${LINE}, then build and sign it as this host does`;
  const strange = images.find((image) => planBuild(boot, image, edit) === undefined);
  if (strange !== undefined)
    return `${strange.path} is a unified kernel image that no preset of mkinitcpio names, so it is not known how to build it; ${describeByHand(edit)}, in ${LINE}, then build it as this host does`;
  if (file === undefined)
    return `there is no ${LINE}, so the images' command line comes from elsewhere; ${describeByHand(edit)}, where it comes from`;
  return undefined;
}

function planBuild(
  boot: BootFacts,
  image: UnifiedImage,
  edit: KernelArgumentEdit,
): Extract<ChangeStep, { kind: "build-image" }> | undefined {
  const tool = boot.tools["mkinitcpio"];
  const found = boot.files.flatMap((file) => findPreset(file, image.path))[0];
  if (tool === undefined || found === undefined) return undefined;
  return {
    kind: "build-image",
    build: { tool, ...found, path: image.path, present: edit.present, absent: listAbsent(edit) },
  };
}

/** The preset whose `NAME_uki` is this image; options with a command line of their own make it none of ours. */
function findPreset(file: HostFile, image: string): { preset: string; name: string }[] {
  if (!file.path.startsWith("/etc/mkinitcpio.d/") || file.text === undefined) return [];
  const assignments = [...file.text.matchAll(/^\s*([A-Za-z0-9_]+)_(uki|options)=(["']?)(.*?)\3\s*$/gm)];
  const name = assignments.find(([, , kind, , value]) => kind === "uki" && value === image)?.[1];
  const options = assignments.find(([, owner, kind]) => kind === "options" && owner === name)?.[4] ?? "";
  const own = /--cmdline[ =]("?)([^\s"]+)\1/.exec(options)?.[2];
  return name === undefined || (own !== undefined && own !== LINE) ? [] : [{ preset: file.path, name }];
}
