import type { ToolAnswer, ToolCall } from "../calls";
import { expand } from "./apt";
import { GROUPS } from "./catalog";
import { fail, installAll, say, takeOptions, type RunContext } from "./run";

/** `rpm -q` with a format, `rpm -q --whatprovides`, and `rpm -e`, which takes all of them or none (rpm(8)). */
export function answerRpm({ packages }: RunContext, call: ToolCall): ToolAnswer {
  const { flags, operands } = takeOptions(call.words, ["--qf"]);
  if (flags.includes("-e")) {
    const others = packages.dependents(operands).filter((name) => !operands.includes(name));
    if (others.length > 0)
      return fail(
        1,
        `error: Failed dependencies:\n\t${operands[0] ?? ""} is needed by (installed) ${others.join(", ")}`,
      );
    for (const name of packages.dependents(operands)) packages.remove(name);
    return { status: 0 };
  }
  if (flags.includes("--whatprovides")) {
    const pattern = /^pattern\(\) = (.*)$/.exec(operands[0] ?? "")?.[1] ?? "";
    const found = (GROUPS[pattern] ?? []).filter((name) => packages.installed.includes(name));
    return found.length > 0 ? say(found) : say([`no package provides ${operands[0] ?? ""}`], 1);
  }
  const format = flags[flags.indexOf("--qf") + 1] ?? "%{NAME}\\n";
  const rows = operands.map((name) =>
    packages.installed.includes(name)
      ? expand(format, "%", { NAME: name, EVR: packages.versionOf(name) })
      : `package ${name} is not installed\n`,
  );
  return { status: rows.some((row) => row.includes("is not installed")) ? 1 : 0, stdout: rows.join("") };
}

/** `dnf`: the table of dnf 4 is 80 columns wide, and what does not fit goes on below (dnf's output.py); dnf 5 has another. */
export function answerDnf(context: RunContext, call: ToolCall): ToolAnswer {
  const { packages } = context;
  const isFive = packages.manager === "dnf5";
  const { flags, operands } = takeOptions(call.words, []);
  if (flags.includes("--version")) return say(isFive ? ["dnf5 version 5.2.6.2"] : ["4.19.2"]);
  const [verb = "", ...words] = operands;
  const isAsked = flags.includes("--assumeno");
  const holder = context.lockHolder();
  if (!isAsked && holder !== undefined) return fail(200, `Waiting for process with pid ${holder.pid} to finish.`);
  if (packages.isOffline && verb === "install")
    return fail(
      1,
      "Error: Failed to download metadata for repo 'fedora': Cannot prepare internal mirrorlist: Curl error (6): Couldn't resolve host name",
    );
  const unknown = words.filter((word) => !isKnown(context, word));
  if (verb === "install" && unknown.length > 0) return describeUnknown(unknown, isFive);
  const names = verb === "install" ? packages.resolve(expandWords(words)) : packages.dependents(words);
  if (names.length === 0) return say(["Nothing to do.", "Complete!"]);
  const asked = expandWords(words);
  const table = isFive ? renderFive(context, verb, names, asked) : renderFour(context, verb, names, asked);
  if (isAsked)
    return { ...say(table, 1), stderr: isFive ? "Operation aborted by the user.\n" : "Operation aborted.\n" };
  if (verb === "install") installAll(context, call, names);
  else for (const name of names) packages.remove(name);
  return say([...table, "Complete!"]);
}

function isKnown({ packages }: RunContext, word: string): boolean {
  return word.startsWith("@") ? word.slice(1) in GROUPS : packages.find(word) !== undefined;
}

function expandWords(words: readonly string[]): string[] {
  return words.flatMap((word) =>
    /^(?:@|pattern:)/.test(word) ? (GROUPS[word.replace(/^(?:@|pattern:)/, "")] ?? []) : [word],
  );
}

function describeUnknown(unknown: readonly string[], isFive: boolean): ToolAnswer {
  const rows = unknown.map((word) =>
    word.startsWith("@") ? `Module or Group '${word.slice(1)}' is not available.` : `No match for argument: ${word}`,
  );
  return fail(
    1,
    [
      ...(isFive ? ["Failed to resolve the transaction:"] : []),
      ...rows,
      ...(isFive ? [] : [`Error: Unable to find a match: ${unknown.join(" ")}`]),
    ].join("\n"),
  );
}

function listHeadings(verb: string, names: readonly string[], asked: readonly string[]): [string, string[]][] {
  if (verb !== "install") return [["Removing:", [...names]]];
  const own = names.filter((name) => asked.includes(name));
  const others = names.filter((name) => !asked.includes(name));
  return [
    ["Installing:", own],
    ...(others.length > 0 ? [["Installing dependencies:", others] as [string, string[]]] : []),
  ];
}

function renderFour(
  { packages }: RunContext,
  verb: string,
  names: readonly string[],
  asked: readonly string[],
): string[] {
  const rows = listHeadings(verb, names, asked).flatMap(([heading, list]) => [
    heading,
    ...list.flatMap((name) => {
      const rest = `x86_64 ${packages.versionOf(name).padEnd(18)} updates         1.2 M`;
      return name.length > 20 ? [` ${name}`, `${" ".repeat(22)}${rest}`] : [` ${name.padEnd(20)} ${rest}`];
    }),
  ]);
  const line = "=".repeat(80);
  const count = verb === "install" ? `Install  ${names.length} Packages` : `Remove  ${names.length} Packages`;
  return [
    "Dependencies resolved.",
    line,
    " Package              Arch   Version            Repository      Size",
    line,
    ...rows,
    "",
    "Transaction Summary",
    line,
    count,
    "",
  ];
}

function renderFive(
  { packages }: RunContext,
  verb: string,
  names: readonly string[],
  asked: readonly string[],
): string[] {
  const rows = listHeadings(verb, names, asked).flatMap(([heading, list]) => [
    heading,
    ...list.map((name) => ` ${name.padEnd(28)} x86_64 ${packages.versionOf(name).padEnd(20)} updates 28.7 KiB`),
  ]);
  return [
    "Package                       Arch   Version              Repository    Size",
    ...rows,
    "",
    "Transaction Summary:",
    ` Installing: ${names.length} packages`,
    "",
  ];
}

/** `zypper --xmlout`: the summary as in its xmlout.rnc; 104 for names that nothing provides, 7 for a held lock (zypper(8)). */
export function answerZypper(context: RunContext, call: ToolCall): ToolAnswer {
  const { packages } = context;
  const { flags, operands } = takeOptions(call.words, []);
  const [verb = "", ...words] = operands;
  const isDry = flags.includes("--dry-run");
  const holder = context.lockHolder();
  if (!isDry && holder !== undefined)
    return fail(7, `System management is locked by the application with pid ${holder.pid} (${holder.name}).`);
  const unknown = words.filter((word) => expandWords([word]).every((name) => packages.find(name) === undefined));
  if (verb === "install" && unknown.length > 0)
    return {
      status: 104,
      stdout: `<?xml version='1.0'?>\n<stream>\n${unknown.map((word) => `<message type="error">No provider of &apos;${word}&apos; found.</message>\n`).join("")}</stream>\n`,
    };
  const names = verb === "install" ? packages.resolve(expandWords(words)) : packages.dependents(words);
  if (!isDry && packages.isOffline && verb === "install")
    return fail(4, "Problem retrieving files from 'Main Repository'. Download (curl) error: Could not resolve host");
  if (!isDry && verb === "install") installAll(context, call, names);
  if (!isDry && verb === "remove") for (const name of names) packages.remove(name);
  const list = verb === "install" ? "to-install" : "to-remove";
  const solvables = names.map(
    (name) =>
      `<solvable type="package" name="${name}" edition="${packages.versionOf(name)}" arch="x86_64" repository="repo-oss" summary="A package">\n<description>What it is.</description></solvable>`,
  );
  return say([
    "<?xml version='1.0'?>",
    "<stream>",
    `<install-summary download-size="1" space-usage-diff="1">`,
    `<${list}>`,
    ...solvables,
    `</${list}>`,
    "</install-summary>",
    "</stream>",
  ]);
}
