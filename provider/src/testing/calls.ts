import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";

import { childAccount } from "./root/host-files";

/** A tool of the simulated host that asks the kernel or a daemon for something. */
export interface ToolCall {
  readonly tool: string;
  readonly words: readonly string[];
  /** Process id of the asking tool. */
  readonly pid: number;
  /** Folder that the tool ran in. */
  readonly folder: string;
}

/** What the tool prints, and its exit status. */
export interface ToolAnswer {
  readonly status: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

const FIELD = "\u001f";

/**
 * Answers the stand-ins: they write their words into one queue (a named pipe) and wait on a pipe of their own. So the
 * kernel and libvirt of the simulated host live in this process, and a tool costs a shell, not a Node start.
 */
export class CallServer {
  readonly #folder: string;
  readonly #handle: (call: ToolCall) => Promise<ToolAnswer>;
  readonly #queue: net.Socket;
  #pending: string[] = [];
  #rest = "";

  constructor(folder: string, handle: (call: ToolCall) => Promise<ToolAnswer>) {
    this.#folder = folder;
    this.#handle = handle;
    const queue = path.join(folder, "requests");
    execFileSync("mkfifo", [queue]);
    const account = childAccount();
    if (account !== undefined) fs.chownSync(queue, account, account);
    // Open for both directions: the queue never ends, and opening does not wait for a writer.
    const fd = fs.openSync(queue, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
    this.#queue = new net.Socket({ fd, readable: true, writable: false });
    this.#queue.setEncoding("utf8");
    this.#queue.on("data", (chunk: string) => {
      this.#receive(chunk);
    });
  }

  stop(): void {
    this.#queue.destroy();
  }

  #receive(chunk: string): void {
    const fields = (this.#rest + chunk).split(FIELD);
    this.#rest = fields.pop() ?? "";
    this.#pending.push(...fields);
    for (;;) {
      const [count, pid, folder, tool, ...words] = this.#pending;
      if (count === undefined || pid === undefined || folder === undefined || tool === undefined) return;
      if (words.length < Number(count)) return;
      this.#pending = words.slice(Number(count));
      void this.#serve({ tool, words: words.slice(0, Number(count)), pid: Number(pid), folder });
    }
  }

  async #serve(call: ToolCall): Promise<void> {
    let answer: ToolAnswer;
    try {
      answer = await this.#handle(call);
    } catch (error) {
      answer = {
        status: 70,
        stderr: `simulated host: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      };
    }
    this.#reply(call.pid, answer);
  }

  #reply(pid: number, answer: ToolAnswer): void {
    const mine = path.join(this.#folder, String(pid));
    try {
      if (answer.stdout !== undefined && answer.stdout !== "") fs.writeFileSync(`${mine}.out`, answer.stdout);
      if (answer.stderr !== undefined && answer.stderr !== "") fs.writeFileSync(`${mine}.err`, answer.stderr);
      const fd = fs.openSync(`${mine}.reply`, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
      fs.writeSync(fd, `${answer.status}\n`);
      fs.closeSync(fd);
    } catch (error) {
      // The tool was killed while it waited: nobody is there to hear the answer.
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (!["ENXIO", "ENOENT", "EPIPE"].includes(code)) throw error;
    }
  }
}
