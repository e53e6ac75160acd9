import type { ToolAnswer } from "../calls";
import { BootFailure, type BootChoice } from "../kernel/boot-loader";
import type { Machine } from "../machine";
import type { HostFiles } from "../root/host-files";

const ENTRIES = "/boot/loader/entries";
/** A deployment that is staged: it lies in /run and becomes the default at an orderly shutdown only. */
const STAGED = "/run/ostree/staged-deployment";

/** The entry with the highest number is the default deployment. */
function readDefault(files: HostFiles): { readonly name: string; readonly text: string } {
  const name = files.list(ENTRIES).at(-1);
  if (name === undefined) throw new BootFailure("no deployment");
  return { name, text: files.read(`${ENTRIES}/${name}`) };
}

function optionsOf(text: string): string {
  return /^options (.*)$/m.exec(text)?.[1] ?? "";
}

export function chooseDeployment(files: HostFiles, machine: Machine): BootChoice {
  const { text } = readDefault(files);
  const commandLine = optionsOf(text);
  if (!commandLine.split(" ").includes(`root=${machine.rootArgument}`)) throw new BootFailure("no root file system");
  return {
    title: machine.hostname,
    release: machine.kernels[0] ?? "",
    commandLine: `BOOT_IMAGE=(hd0,gpt2)/ostree/vmlinuz ${commandLine}`,
  };
}

/** ostree's generator says at every boot that this is one of its systems. */
export function markDeployment(files: HostFiles): void {
  files.write("/run/ostree-booted", "");
}

/** ostree-finalize-staged.service: what is staged gets an entry, the booted deployment stays as the second one. */
export function finalizeDeployment(files: HostFiles): void {
  const staged = files.readIfThere(STAGED);
  if (staged === undefined) return;
  const booted = readDefault(files);
  for (const name of files.list(ENTRIES)) files.remove(`${ENTRIES}/${name}`);
  files.write(`${ENTRIES}/ostree-1.conf`, booted.text.replace(/^version .*$/m, "version 1"));
  files.write(`${ENTRIES}/ostree-2.conf`, renderEntry(staged));
  files.remove(STAGED);
}

function renderEntry(options: string): string {
  return `title Fedora Linux 40.20240416.0 (Silverblue) (ostree:0)\nversion 2\noptions ${options}\nlinux /ostree/fedora/vmlinuz\ninitrd /ostree/fedora/initramfs.img\n`;
}

export function writeDeployment(files: HostFiles, options: string): void {
  files.write(`${ENTRIES}/ostree-2.conf`, renderEntry(`${options} ostree=/ostree/boot.1/fedora/0123/0`));
}

/**
 * `rpm-ostree status` and `rpm-ostree kargs`, which prints and changes the pending deployment, or else the booted one;
 * whole words are deleted and appended, and exit status 77 says that nothing changed (rpm-ostree(1) and
 * `kernel_arg_transaction_execute` of rpm-ostree).
 */
export function answerRpmOstree(files: HostFiles, words: readonly string[]): ToolAnswer {
  const [verb, ...options] = words;
  if (verb === "status")
    return { status: 0, stdout: "State: idle\nDeployments:\n* fedora:fedora/40/x86_64/silverblue\n" };
  if (verb !== "kargs") return { status: 1, stderr: `error: Unknown command '${verb ?? ""}'\n` };
  const before = files.readIfThere(STAGED) ?? optionsOf(readDefault(files).text);
  const changes = options.filter((option) => option !== "--unchanged-exit-77");
  if (changes.length === 0) return { status: 0, stdout: `${before}\n` };
  const gone = valuesOf(changes, "--delete-if-present=");
  const come = valuesOf(changes, "--append-if-missing=");
  const kept = before.split(" ").filter((word) => !gone.includes(word));
  const after = [...kept, ...come.filter((word) => !kept.includes(word))].join(" ");
  if (after === before) return { status: options.includes("--unchanged-exit-77") ? 77 : 0, stdout: "No changes.\n" };
  files.write(STAGED, after.replace(/ostree=\S+/, "ostree=/ostree/boot.0/fedora/0123/0"));
  return {
    status: 0,
    stdout: 'Staging deployment...done\nKernel arguments updated.\nRun "systemctl reboot" to start a reboot\n',
  };
}

function valuesOf(options: readonly string[], name: string): string[] {
  return options.flatMap((option) => (option.startsWith(name) ? [option.slice(name.length)] : []));
}
