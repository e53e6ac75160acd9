import { StringDecoder } from "node:string_decoder";
import type { ClientChannel } from "ssh2";
import { type Opening, renderInput } from "./opening";
import type { CommandResult, RemoteCommand } from "./remote-shell";

/** Why a conversation ended without a result. */
export type ConversationFailure =
  | { readonly kind: "sudo-password" }
  | { readonly kind: "not-ready"; readonly said: string }
  | { readonly kind: "output-limit"; readonly maxBytes: number }
  | { readonly kind: "callback"; readonly error: unknown };

/** Thrown inside this room only; the shell turns it into an error that names the host. */
export class ConversationError extends Error {
  readonly failure: ConversationFailure;

  constructor(failure: ConversationFailure) {
    super(failure.kind);
    this.failure = failure;
  }
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const ABANDON_TIMEOUT_MS = 500;

/** Holds one command's conversation on its channel: opening, script, output. */
export class Conversation {
  readonly result: Promise<CommandResult>;
  private readonly channel: ClientChannel;
  private readonly opening: Opening;
  private readonly command: RemoteCommand;
  private readonly stdout: Buffer[] = [];
  private readonly stderr: Buffer[] = [];
  private readonly decoder = new StringDecoder("utf8");
  private size = 0;
  private abandoned: Promise<void> | undefined;
  private isReady = false;
  private isScriptSent = false;
  private isPasswordSent = false;
  private line = "";
  private exit: { code: number | undefined; signal: string | undefined } = { code: undefined, signal: undefined };
  private settle!: { resolve: (result: CommandResult) => void; reject: (error: Error) => void };

  constructor(channel: ClientChannel, opening: Opening, command: RemoteCommand) {
    this.channel = channel;
    this.opening = opening;
    this.command = command;
    this.result = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    channel.on(
      "data",
      this.guard((chunk) => {
        this.readStdout(chunk);
      }),
    );
    channel.stderr.on(
      "data",
      this.guard((chunk) => {
        this.readStderr(chunk);
      }),
    );
    channel.on("exit", (code: number | null, signal?: string) => {
      this.exit = { code: code ?? undefined, signal };
    });
    channel.on("close", () => {
      this.finish();
    });
    // Where sudo may ask for a password, the script has to wait, lest sudo takes it for one.
    if (opening.prompt === undefined) this.sendScript();
  }

  /** True when our shell has started. */
  get hasStarted(): boolean {
    return this.isReady;
  }

  /**
   * Ends the command and its channel. The host is asked to end the command and given a moment for it, because Dropbear
   * drops the whole connection when a channel is closed under a command that prints. A command that stays loses its
   * channel all the same: OpenSSH passes no signal on to a root session, Dropbear none to the shell's children.
   */
  abandon(): Promise<void> {
    this.abandoned ??= new Promise((resolve) => {
      const giveUp = setTimeout(() => {
        this.channel.destroy();
        resolve();
      }, ABANDON_TIMEOUT_MS);
      this.channel.once("close", () => {
        clearTimeout(giveUp);
        resolve();
      });
      this.channel.removeAllListeners("data").stderr.removeAllListeners("data");
      this.channel.resume().stderr.resume();
      this.channel.signal("TERM");
      this.channel.end();
    });
    return this.abandoned;
  }

  private guard(read: (chunk: Buffer) => void): (chunk: Buffer) => void {
    return (chunk) => {
      try {
        this.count(chunk);
        read(chunk);
      } catch (error) {
        void this.abandon();
        this.settle.reject(error as Error);
      }
    };
  }

  private count(chunk: Buffer): void {
    const maxBytes = this.command.maxOutputBytes ?? DEFAULT_MAX_BYTES;
    this.size += chunk.length;
    if (this.size > maxBytes) throw new ConversationError({ kind: "output-limit", maxBytes });
  }

  private readStdout(chunk: Buffer): void {
    this.stdout.push(chunk);
    if (this.isReady) {
      this.readLines(this.decoder.write(chunk));
      return;
    }
    const start = Buffer.concat(this.stdout);
    const marker = `${this.opening.ready}\n`;
    const index = start.indexOf(marker);
    if (index === -1) return;
    this.isReady = true;
    const rest = start.subarray(index + marker.length);
    this.stdout.splice(0, this.stdout.length, rest);
    this.sendScript();
    this.readLines(this.decoder.write(rest));
  }

  private readLines(text: string): void {
    const { onLine } = this.command;
    if (onLine === undefined) return;
    const lines = (this.line + text).split("\n");
    this.line = lines.pop() ?? "";
    for (const line of lines) this.callBack(onLine, line);
  }

  private callBack(onLine: (line: string) => void, line: string): void {
    try {
      onLine(line);
    } catch (error) {
      throw new ConversationError({ kind: "callback", error });
    }
  }

  private readStderr(chunk: Buffer): void {
    this.stderr.push(chunk);
    const { prompt, password } = this.opening;
    if (this.isReady || prompt === undefined) return;
    const prompts = Buffer.concat(this.stderr).toString("utf8").split(prompt).length - 1;
    if (prompts > 1) throw new ConversationError({ kind: "sudo-password" });
    if (prompts === 0 || this.isPasswordSent) return;
    this.isPasswordSent = true;
    this.channel.write(`${password ?? ""}\n`);
  }

  private sendScript(): void {
    if (this.isScriptSent) return;
    this.isScriptSent = true;
    this.channel.write(renderInput(this.command.script));
  }

  private finish(): void {
    const stderr = this.readStderrText();
    if (!this.isReady) {
      const said = `${stderr}\n${Buffer.concat(this.stdout).toString("utf8")}`;
      this.settle.reject(new ConversationError({ kind: "not-ready", said }));
      return;
    }
    try {
      this.readLines(this.decoder.end());
      if (this.line !== "" && this.command.onLine !== undefined) this.callBack(this.command.onLine, this.line);
    } catch (error) {
      this.settle.reject(error as Error);
      return;
    }
    const stdout = Buffer.concat(this.stdout).toString("utf8");
    this.settle.resolve({ exitCode: this.exit.code, signal: this.exit.signal, stdout, stderr });
  }

  private readStderrText(): string {
    const text = Buffer.concat(this.stderr).toString("utf8");
    return this.opening.prompt === undefined ? text : text.replaceAll(this.opening.prompt, "");
  }
}
