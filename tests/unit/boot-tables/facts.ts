import type { ChangeStep } from "../../../provider/src/model/change";
import type {
  BootFacts,
  GrubConfigFacts,
  GrubEnvironmentBlock,
  HostFacts,
  HostFile,
} from "../../../provider/src/model/host-facts";
import { buildFacts } from "../facts-builder";

/** What a table row states of a host: its files, and what makes its boot loader another one. */
export interface BootHost {
  readonly distribution: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** Absent for a host without GRUB's menu. */
  readonly menu?: { readonly path: string; readonly usesBls: boolean; readonly lines?: readonly string[] };
  /** Lines of grubenv. */
  readonly block?: { readonly path: string; readonly lines: readonly string[] };
  readonly markers?: readonly string[];
  readonly kernels?: readonly string[];
}

/** A file as a snapshot has it. */
export function file(path: string, text: string): HostFile {
  return { path, text, sha256: "0".repeat(64) };
}

/** A menu as a snapshot has it. */
export function menu(path: string, usesBls: boolean, lines: readonly string[] = []): GrubConfigFacts {
  return {
    path,
    sha256: "1".repeat(64),
    usesBls,
    defaultEntry: "0",
    bootsOnce: true,
    readsCustom: true,
    linuxSection: "",
    entries: lines.map((commandLine) => ({ title: "Linux", commandLine, isRecovery: / single\b/.test(commandLine) })),
  };
}

/** An environment block of the usual size. */
export function block(lines: readonly string[]): string {
  return ["# GRUB Environment Block\n", ...lines.map((line) => `${line}\n`)].join("").padEnd(1024, "#");
}

const TOOLS = ["mkconfig", "script-check", "editenv", "probe"];

/** Facts of a host. */
export function factsOf(host: BootHost): HostFacts {
  const prefix = host.menu?.path.startsWith("/boot/grub/") === true ? "grub" : "grub2";
  const boot: Partial<BootFacts> = {
    files: Object.entries(host.files)
      .map(([path, text]) => file(path, text))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    tools: Object.fromEntries(TOOLS.map((name) => [`${prefix}-${name}`, `/usr/sbin/${prefix}-${name}`])),
    kernels: host.kernels ?? [],
    markers: host.markers ?? [],
    ...(host.menu && { grubConfig: menu(host.menu.path, host.menu.usesBls, host.menu.lines) }),
    ...(host.block && { grubEnvironmentBlock: { path: host.block.path, text: block(host.block.lines) } }),
  };
  return buildFacts({
    boot,
    identity: { distribution: host.distribution, distributionName: host.distribution[0] ?? "" },
  });
}

/** The host after the steps; a generated menu boots `line`. */
export function applySteps(facts: HostFacts, steps: readonly ChangeStep[], line: string): HostFacts {
  return { ...facts, boot: steps.reduce((boot, step) => applyStep(boot, step, line), facts.boot) };
}

function applyStep(boot: BootFacts, step: ChangeStep, line: string): BootFacts {
  if (step.kind === "write") return withFile(boot, step.path, step.text);
  if (step.kind === "remove") return withFile(boot, step.path, undefined);
  if (step.kind === "set-variable") return { ...boot, grubEnvironmentBlock: setVariable(boot, step) };
  if (step.kind === "generate" && boot.grubConfig !== undefined) {
    const { grubConfig } = boot;
    const entries = grubConfig.entries.map((entry) => (entry.isRecovery ? entry : { ...entry, commandLine: line }));
    return { ...boot, grubConfig: { ...grubConfig, entries } };
  }
  throw new Error(`no step of GRUB: ${step.kind}`);
}

function withFile(boot: BootFacts, path: string, text: string | undefined): BootFacts {
  const others = boot.files.filter((one) => one.path !== path);
  const files = text === undefined ? others : [...others, file(path, text)];
  return { ...boot, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

function setVariable(boot: BootFacts, step: ChangeStep & { readonly kind: "set-variable" }): GrubEnvironmentBlock {
  const { path, text } = boot.grubEnvironmentBlock ?? { path: "", text: "" };
  const [before, after] = [step.before, step.after].map((value) => `\n${step.name}=${value}\n`);
  if (path !== step.path || !text.includes(before ?? "")) throw new Error("another value");
  return {
    path,
    text: text
      .replace(/#*$/, "")
      .replace(before ?? "", after ?? "")
      .padEnd(1024, "#"),
  };
}

/** All texts that a boot loader may change, by path. */
export function textsOf({ boot }: HostFacts): Record<string, string> {
  const { grubEnvironmentBlock: environment } = boot;
  return {
    ...Object.fromEntries(boot.files.map((one) => [one.path, one.text ?? ""])),
    ...(environment && { [environment.path]: environment.text }),
  };
}

/** The texts that differ, as they are afterwards; undefined for one that is gone. */
export function changedTexts(before: HostFacts, after: HostFacts): Record<string, string | undefined> {
  const [old, now] = [textsOf(before), textsOf(after)];
  const paths = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((path) => old[path] !== now[path]);
  return Object.fromEntries(paths.map((path) => [path, now[path]]));
}
