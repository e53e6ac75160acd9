import type { ToolAnswer, ToolCall } from "../calls";
import { COMMANDS } from "./commands";
import type { Libvirt } from "./daemon";
import { connect, DEFAULT_URI } from "./connect";
import { LibvirtError } from "./error";
import type { VirshRequest } from "./virsh-command";

const VALUED: ReadonlySet<string> = new Set([
  "--driver",
  "--domain",
  "--file",
  "--device",
  "--cap",
  "--mode",
  "--timeout",
]);

/** Answers `virsh WORDS…`: exit status 0 or 1, refusals as one or two `error:` lines. Each libvirt answers at its URI. */
export function answerVirsh(libvirts: ReadonlyMap<string, Libvirt>, call: ToolCall): ToolAnswer {
  const words = [...call.words];
  let isQuiet = false;
  let uri = DEFAULT_URI;
  while (words[0]?.startsWith("-") === true) {
    const word = words.shift() ?? "";
    if (word === "-q" || word === "--quiet") isQuiet = true;
    else if (word === "-c" || word === "--connect") uri = words.shift() ?? "";
    else if (word.startsWith("--connect=")) uri = word.slice("--connect=".length);
    else if (word === "-v" || word === "--version") return { status: 0, stdout: `${printVersion(libvirts)}\n` };
    else if (word !== "-r" && word !== "--readonly") {
      return { status: 1, stderr: `error: unsupported option '${word}'. See --help.\n` };
    }
  }
  return runCommand(() => connect(libvirts, uri), parseRequest(words, call.folder, isQuiet));
}

/** The version of the tool itself, for which it asks nobody. */
function printVersion(libvirts: ReadonlyMap<string, Libvirt>): string {
  return libvirts.get(DEFAULT_URI)?.version ?? "";
}

function runCommand(open: () => Libvirt, request: VirshRequest): ToolAnswer {
  const { isQuiet } = request;
  const command = COMMANDS[request.command];
  if (command === undefined) return { status: 1, stderr: `error: unknown command: '${request.command}'\n` };
  try {
    const { text = "", remark } = command.run(open(), request);
    const extra = isQuiet ? "" : `${remark === undefined ? "" : `${remark}\n`}\n`;
    return { status: 0, stdout: text + extra };
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    const headline = error.headline === undefined ? command.failure?.(request) : (error.headline ?? undefined);
    const lines = [...(headline === undefined ? [] : [headline]), error.message].map((line) => `error: ${line}\n`);
    return { status: 1, stdout: isQuiet ? "" : "\n", stderr: lines.join("") };
  }
}

function parseRequest(words: readonly string[], folder: string, isQuiet: boolean): VirshRequest {
  const [command = "", ...rest] = words;
  const options = new Set<string>();
  const values = new Map<string, string>();
  const operands: string[] = [];
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? "";
    if (!word.startsWith("--") || word === "--") operands.push(word);
    else if (word.includes("=")) values.set(word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1));
    else if (VALUED.has(word)) values.set(word, rest[++index] ?? "");
    else options.add(word);
  }
  return { command, options, values, operands: operands.filter((word) => word !== "--"), folder, isQuiet };
}
