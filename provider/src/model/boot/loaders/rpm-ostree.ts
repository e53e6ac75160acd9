import type { ChangeStep } from "../../change";
import type { BootFacts } from "../../host-facts";
import { KernelArgumentWord, parseCommandLine, type KernelArgumentEdit } from "../../kernel/command-line";
import { planCommandLineEdit, editCommandLine } from "../../kernel/edit";
import { describeByHand, type BootChange, type BootLoader, type BootRefusal } from "./loader";

/**
 * Fedora Silverblue, CoreOS and their kin: the command line belongs to a deployment, and only rpm-ostree may write its boot
 * entry. A change makes a new deployment for the next boot; files below /etc/default and /boot are not touched.
 */
export const rpmOstree: BootLoader = {
  name: "rpm-ostree",
  isUsed: ({ boot }) => boot.markers.includes("/run/ostree-booted") && "rpm-ostree" in boot.tools,
  plan: change,
  restore: change,
  planTrial: () => ({
    refused:
      "rpm-ostree keeps the deployment of before beside a new one, but nothing goes back to it by itself when the new one does not come up",
  }),
  clearTrial: () => [],
};

function change(boot: BootFacts, edit: KernelArgumentEdit): BootChange | BootRefusal {
  const tool = boot.tools["rpm-ostree"];
  if (tool === undefined || boot.deploymentArguments === undefined)
    return { refused: `rpm-ostree kargs did not answer; ${describeByHand(edit)}, with rpm-ostree kargs` };
  const before = parseCommandLine(boot.deploymentArguments);
  const { present, absent } = listChanges(before, edit);
  const odd = [...present, ...absent].find((word) => !KernelArgumentWord.safeParse(word).success);
  if (odd !== undefined)
    return { refused: `${JSON.stringify(odd)} cannot be handed to rpm-ostree safely; ${describeByHand(edit)}` };
  const isDone = present.length === 0 && absent.length === 0;
  const steps: ChangeStep[] = isDone ? [] : [{ kind: "set-arguments", tool, present, absent }];
  const options = [
    ...absent.map((word) => `--delete-if-present=${word}`),
    ...present.map((word) => `--append-if-missing=${word}`),
  ];
  return {
    steps,
    descriptions: isDone ? [] : [`rpm-ostree kargs ${options.join(" ")}, and read the pending deployment back`],
    undo: [],
    before: before.join(" "),
    // rpm-ostree adds at the end, wherever the word that goes stood.
    after: [...before.filter((word) => !absent.includes(word)), ...present].join(" "),
    warnings: [],
  };
}

/** Whole words, so that no other value of the same key is touched. */
function listChanges(before: readonly string[], edit: KernelArgumentEdit): KernelArgumentEdit {
  const after = editCommandLine(before, edit);
  if (after === before) return { present: [], absent: [] };
  const plan = planCommandLineEdit(before, edit);
  const present = [...plan.replaced.values(), ...plan.inserted];
  const indices = [...plan.removed, ...plan.replaced.keys()];
  const absent = indices.sort((a, b) => a - b).flatMap((index) => before[index] ?? []);
  return { present: present.filter((word) => !before.includes(word)), absent: [...new Set(absent)] };
}
