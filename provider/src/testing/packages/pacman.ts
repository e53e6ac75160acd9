import type { ToolAnswer, ToolCall } from "../calls";
import { fail, installAll, say, takeOptions, type RunContext } from "./run";

const LOCKED =
  "error: failed to init transaction (unable to lock database)\nerror: could not lock database: File exists";

/** `pacman` -Q, -S and -R (pacman(8)): `--print` takes no lock; a removal that would break others is refused without `-c`. */
export function answerPacman(context: RunContext, call: ToolCall, isLockThere: boolean): ToolAnswer {
  const { packages } = context;
  const { flags, operands } = takeOptions(call.words, ["--print-format"]);
  const isPrinted = flags.includes("--print");
  if (flags.includes("-Q")) {
    const lost = operands.filter((name) => !packages.installed.includes(name));
    const rows = operands.filter((name) => !lost.includes(name)).map((name) => `${name} ${packages.versionOf(name)}`);
    return {
      ...say(rows, lost.length > 0 ? 1 : 0),
      stderr: lost.map((name) => `error: package '${name}' was not found\n`).join(""),
    };
  }
  if (!isPrinted && isLockThere) {
    return fail(
      1,
      `${LOCKED}\n  if you're sure a package manager is not already running,\n  you can remove /var/lib/pacman/db.lck`,
    );
  }
  return flags.includes("-S")
    ? install(context, call, operands, isPrinted)
    : remove(context, flags, operands, isPrinted);
}

function install(context: RunContext, call: ToolCall, names: readonly string[], isPrinted: boolean): ToolAnswer {
  const { packages } = context;
  const unknown = names.filter((name) => packages.find(name) === undefined);
  if (unknown.length > 0) return fail(1, unknown.map((name) => `error: target not found: ${name}`).join("\n"));
  const coming = packages.resolve(names);
  if (isPrinted) return say(coming.map((name) => `${name} ${packages.versionOf(name)}`));
  if (packages.isOffline)
    return fail(
      1,
      "error: failed retrieving file 'libvirt.pkg.tar.zst' from geo.mirror.pkgbuild.com : Could not resolve host",
    );
  installAll(context, call, coming);
  return say([`(${coming.length}/${coming.length}) installing`]);
}

function remove(
  { packages }: RunContext,
  flags: readonly string[],
  names: readonly string[],
  isPrinted: boolean,
): ToolAnswer {
  const going = packages.dependents(names);
  const others = going.filter((name) => !names.includes(name));
  if (!flags.includes("-Rc") && others.length > 0)
    return fail(
      1,
      `error: failed to prepare transaction (could not satisfy dependencies)\n:: removing ${names[0] ?? ""} breaks dependency required by ${others.join(" ")}`,
    );
  if (isPrinted) return say(going);
  for (const name of going) packages.remove(name);
  return say([]);
}
