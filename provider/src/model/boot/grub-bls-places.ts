import type { BootFacts, HostFile } from "../host-facts";
import type { KernelArgumentEdit } from "../kernel/command-line";
import { parseBlsEntry } from "./bls-entry";
import { ENTRIES, isRescueEntry } from "./grub-bls-entries";
import { parseGrubEnvironment, renderVariable } from "./grub-environment";
import { describeByHand, requireText, type BootRefusal } from "./loaders/loader";

/** A text that decides on the words of this system's kernels. A variable of grubenv counts as a line of its own. */
export type BlsPlace =
  | { readonly kind: "entry" | "settings" | "future"; readonly path: string; readonly text: string }
  | {
      readonly kind: "variable";
      readonly path: string;
      readonly text: string;
      readonly name: string;
      readonly tool: string;
    };

/** All such texts, in the order in which they are changed. */
export interface BlsPlaces {
  readonly all: readonly BlsPlace[];
  /** The entry of the newest kernel. */
  readonly first: BlsPlace | undefined;
  /** Values of grubenv. */
  readonly values: Readonly<Record<string, string>>;
  /** Bytes that grubenv has left. */
  readonly freeBytes: number;
}

/** Entries that a host boots by itself; the rescue image is a way back. */
export function listEntries(boot: BootFacts): HostFile[] {
  return boot.files.filter((file) => file.path.startsWith(ENTRIES) && !isRescueEntry(file.path));
}

/** Whether an entry takes its words from the variable `kernelopts`, as on RHEL 8 and Fedora up to 32. */
export function readsKernelOptions(entry: string): boolean {
  return parseBlsEntry(entry).usesVariables.includes("$kernelopts");
}

/** Collects what is to be looked at, or says what of it cannot be read. */
export function listBlsPlaces(boot: BootFacts, edit: KernelArgumentEdit): BlsPlaces | BootRefusal {
  const entries: BlsPlace[] = [];
  for (const file of listEntries(boot)) {
    const text = requireText(file);
    if (typeof text !== "string") return text;
    entries.push({ kind: "entry", path: file.path, text });
  }
  const settings = listSettings(boot);
  if ("refused" in settings) return settings;
  const environment = readEnvironment(boot);
  const variable = entries.some((place) => readsKernelOptions(place.text)) ? findVariable(boot, edit) : [];
  if ("refused" in variable) return variable;
  return {
    all: [...variable, ...entries, ...settings],
    first: entries.find((place) => place.path.includes(boot.kernels[0] ?? "\0")) ?? entries[0],
    ...environment,
  };
}

function listSettings(boot: BootFacts): BlsPlace[] | BootRefusal {
  const places: BlsPlace[] = [];
  for (const file of boot.files) {
    if (file.path !== "/etc/default/grub" && file.path !== "/etc/kernel/cmdline") continue;
    const text = requireText(file);
    if (typeof text !== "string") return text;
    places.push({ kind: file.path === "/etc/kernel/cmdline" ? "future" : "settings", path: file.path, text });
  }
  return places;
}

function readEnvironment(boot: BootFacts): Pick<BlsPlaces, "values" | "freeBytes"> {
  const block = boot.grubEnvironmentBlock;
  const environment = block === undefined ? undefined : parseGrubEnvironment(block);
  if (environment === undefined || "refused" in environment) return { values: {}, freeBytes: 0 };
  const values = [...environment.values].map(([name, all]) => [name, all.at(-1) ?? ""] as const);
  return { values: Object.fromEntries(values), freeBytes: environment.freeBytes };
}

/** The variable `kernelopts`; where it stands not exactly once, nobody can say which one counts. */
function findVariable(boot: BootFacts, edit: KernelArgumentEdit): BlsPlace[] | BootRefusal {
  const name = "kernelopts";
  const block = boot.grubEnvironmentBlock;
  const tool = boot.tools["grub2-editenv"] ?? boot.tools["grub-editenv"];
  const byHand = `${describeByHand(edit)}, in ${name}`;
  if (block === undefined || tool === undefined) {
    const what = block === undefined ? "GRUB's environment block (grubenv)" : "grub2-editenv";
    return { refused: `the boot entries take their options from $${name}, but ${what} is missing; ${byHand}` };
  }
  const environment = parseGrubEnvironment(block);
  if ("refused" in environment) return { refused: `${environment.refused}; ${byHand}` };
  const [value, ...more] = environment.values.get(name) ?? [];
  if (value === undefined || value.trim() === "" || value.includes("\n") || more.length > 0) {
    const fault = more.length > 0 ? "sets it more than once" : "does not set it to one line of words";
    return {
      refused: `the boot entries take their options from $${name}, but ${block.path} ${fault}; generate the menu anew (grub2-mkconfig -o ${boot.grubConfig?.path ?? ""}) and run again`,
    };
  }
  return [{ kind: "variable", path: block.path, text: renderVariable(name, value), name, tool }];
}

/** What a new kernel is to get: the words of an entry, without the variables that the tools add by themselves. */
export function renderFutureLine(entry: string): string {
  const words = parseBlsEntry(entry).words.filter((word) => !word.startsWith("$"));
  return `${words.join(" ")}\n`;
}
