import type { ToolAnswer, ToolCall } from "../calls";
import type { HostFiles } from "../root/host-files";
import { answerApt, answerDpkg, answerDpkgQuery } from "./apt";
import { answerPacman } from "./pacman";
import { answerDnf, answerRpm, answerZypper } from "./rpm";
import type { RunContext } from "./run";

const PACMAN_LOCK = "/var/lib/pacman/db.lck";

/** Answers a tool of a package manager; undefined when it is none. */
export function answerPackageTool(context: RunContext, call: ToolCall, files: HostFiles): ToolAnswer | undefined {
  switch (call.tool) {
    case "apt-get":
      return answerApt(context, call);
    case "dpkg":
      return answerDpkg(context, call);
    case "dpkg-query":
      return answerDpkgQuery(context, call);
    case "dnf":
      return answerDnf(context, call);
    case "rpm":
      return answerRpm(context, call);
    case "zypper":
      return answerZypper(context, call);
    case "pacman":
      return answerPacman(context, call, files.exists(PACMAN_LOCK));
    default:
      return undefined;
  }
}

const ASKING = ["-s", "-q", "-Q", "--assumeno", "--dry-run", "--print", "--version"];

/** Whether a call changes what is installed. */
export function isPackageWrite({ tool, words }: ToolCall): boolean {
  if (tool === "apt-get") return !words.includes("-s");
  if (tool === "dpkg") return true;
  return ["dnf", "rpm", "zypper", "pacman"].includes(tool) && !words.some((word) => ASKING.includes(word));
}
