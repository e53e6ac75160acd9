import type { ToolAnswer, ToolCall } from "../calls";
import { configureAll, fail, installAll, say, takeOptions, type RunContext } from "./run";

const READING = ["Reading package lists...", "Building dependency tree...", "Reading state information..."];
const HELD = "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?";

/** `apt-get`, as Debian 12's answers: lines `Inst`, `Remv` and `Conf` of a simulation, status 100 for every failure. */
export function answerApt(context: RunContext, call: ToolCall): ToolAnswer {
  const { packages } = context;
  const { flags, operands } = takeOptions(call.words, ["-o"]);
  const [verb = "", ...names] = operands;
  const isSimulated = flags.includes("-s");
  const holder = context.lockHolder();
  if (!isSimulated && holder !== undefined) {
    return fail(
      100,
      `E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process ${holder.pid} (${holder.name})\n${HELD}`,
    );
  }
  const unfinished = [...packages.states].flatMap(([name, state]) => (state === "i" ? [] : [name]));
  if (
    !isSimulated &&
    unfinished.some((name) => packages.states.get(name) === "U") &&
    verb === "install" &&
    !flags.includes("-f")
  )
    return fail(100, "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. ");
  if (verb === "remove") return removeAll(context, names, isSimulated);
  if (verb !== "install") return fail(100, `E: Invalid operation ${verb}`);
  const unknown = names.filter((name) => packages.find(name) === undefined);
  if (unknown.length > 0)
    return fail(
      100,
      unknown.map((name) => `E: Unable to locate package ${name}`).join("\n"),
      `${READING.join("\n")}\n`,
    );
  const coming = packages.resolve(names);
  const leaving = packages.conflicts(coming);
  if (isSimulated) {
    return say([
      ...READING,
      ...leaving.map((name) => `Remv ${name} [${packages.versionOf(name)}]`),
      ...coming.map((name) => `Inst ${name} (${packages.versionOf(name)} Debian:12.15/oldstable [amd64])`),
      ...[...unfinished, ...coming].map(
        (name) => `Conf ${name} (${packages.versionOf(name)} Debian:12.15/oldstable [amd64])`,
      ),
    ]);
  }
  if (leaving.length > 0 && flags.includes("--no-remove"))
    return fail(100, "E: Packages need to be removed but remove is disabled.");
  if (packages.isOffline && coming.length > 0) {
    return fail(
      100,
      `E: Failed to fetch http://deb.debian.org/debian/pool/main/${coming[0] ?? ""}.deb  Could not connect to deb.debian.org:80\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?`,
    );
  }
  for (const name of leaving) packages.remove(name);
  const broken = installAll(context, call, [...unfinished, ...coming]);
  return broken === undefined ? say(READING) : describeBroken(broken);
}

function describeBroken(name: string): ToolAnswer {
  return fail(
    100,
    `dpkg: error processing package ${name} (--configure):\n installed ${name} package post-installation script subprocess returned error exit status 1\nErrors were encountered while processing:\n ${name}\nE: Sub-process /usr/bin/dpkg returned an error code (1)`,
  );
}

function removeAll({ packages }: RunContext, names: readonly string[], isSimulated: boolean): ToolAnswer {
  const going = packages.dependents(names);
  if (!isSimulated) for (const name of going) packages.remove(name);
  return say([...READING, ...(isSimulated ? going.map((name) => `Remv ${name} [${packages.versionOf(name)}]`) : [])]);
}

/** `dpkg --configure -a` and `dpkg --remove`, which takes packages in the order that their needs allow. */
export function answerDpkg(context: RunContext, call: ToolCall): ToolAnswer {
  const { packages } = context;
  if (call.words.includes("--configure")) {
    const unfinished = [...packages.states].flatMap(([name, state]) => (state === "i" ? [] : [name]));
    const broken = configureAll(context, call, unfinished);
    return broken === undefined ? { status: 0 } : { ...describeBroken(broken), status: 1 };
  }
  const names = takeOptions(call.words, []).operands.map((name) => name.replace(/:amd64$/, ""));
  const others = packages.dependents(names).filter((name) => !names.includes(name));
  if (others.length > 0)
    return fail(
      1,
      `dpkg: dependency problems prevent removal of ${names.join(" ")}:\n ${others.join(" ")} depends on it.`,
    );
  for (const name of packages.dependents(names)) packages.remove(name);
  return { status: 0 };
}

/** `dpkg-query -W -f FORMAT`: one line a package, with the three letters of db:Status-Abbrev. */
export function answerDpkgQuery({ packages }: RunContext, call: ToolCall): ToolAnswer {
  const format = call.words[call.words.indexOf("-f") + 1] ?? "";
  const rows = [...packages.states].map(([name, state]) => {
    const values: Readonly<Record<string, string>> = {
      Package: name,
      "binary:Package": name === "libvirt0" ? "libvirt0:amd64" : name,
      Version: packages.versionOf(name),
      "db:Status-Abbrev": `i${state} `,
    };
    return expand(format, "$", values);
  });
  return { status: 0, stdout: rows.join("") };
}

/** Puts values into a format with `${NAME}` (dpkg) or `%{NAME}` (rpm). */
export function expand(format: string, sign: "$" | "%", values: Readonly<Record<string, string>>): string {
  return format
    .replace(sign === "$" ? /\$\{([^}]+)\}/g : /%\{([^}]+)\}/g, (_whole, key: string) => values[key] ?? "")
    .replaceAll("\\t", "\t")
    .replaceAll("\\n", "\n");
}
