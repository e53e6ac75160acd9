import { connect, type Socket } from "node:net";

const PROMPT = "(qemu) ";
const ANSWER_TIMEOUT_MS = 60_000;

/** Gives the emulator's monitor one command, as a person would, and returns what it printed. */
export async function askMonitor(socketPath: string, command: string): Promise<string> {
  const socket = connect(socketPath).setEncoding("utf8").setTimeout(ANSWER_TIMEOUT_MS);
  try {
    await readToPrompt(socket);
    socket.write(`${command}\n`);
    // The line editor repeats what was typed, with control sequences; the answer is behind the first line break.
    const answer = await readToPrompt(socket);
    return answer.slice(answer.indexOf("\n") + 1);
  } finally {
    socket.destroy();
  }
}

function readToPrompt(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    function read(chunk: string): void {
      text += chunk;
      if (!text.endsWith(PROMPT)) return;
      finish();
      resolve(text.slice(0, -PROMPT.length).replaceAll("\r", ""));
    }
    function fail(): void {
      finish();
      reject(new Error(`the emulator's monitor gave no answer: ${text}`));
    }
    function finish(): void {
      socket.off("data", read).off("error", fail).off("close", fail).off("timeout", fail);
    }
    socket.on("data", read).on("error", fail).on("close", fail).on("timeout", fail);
  });
}
