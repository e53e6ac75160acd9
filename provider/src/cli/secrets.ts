import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { CommandError } from "./failure";

/** What no command line may hold: other users of a machine can read it, and shells keep it. */
export interface Secrets {
  readonly password?: string;
  readonly passphrase?: string;
  readonly sudoPassword?: string;
}

/** Which of them are to be asked for. */
export interface SecretQuestions {
  readonly askPassword?: boolean;
  readonly askPassphrase?: boolean;
  readonly askSudoPassword?: boolean;
}

/** Where secrets are read from. */
export interface SecretSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Asks a person; the answer is not shown. */
  readonly ask: (question: string) => Promise<string>;
}

/** Reads the secrets that are there, and asks for those that are asked for. */
export async function readSecrets(questions: SecretQuestions, { environment, ask }: SecretSources): Promise<Secrets> {
  async function read(variable: string, question: string, isAsked: boolean | undefined): Promise<string | undefined> {
    const given = environment[variable];
    if (given !== undefined && given !== "") return given;
    return isAsked === true ? await ask(question) : undefined;
  }
  const password = await read("PASSTHROUGH_PASSWORD", "Password: ", questions.askPassword);
  const passphrase = await read("PASSTHROUGH_PASSPHRASE", "Passphrase of the key: ", questions.askPassphrase);
  const sudoPassword = await read("PASSTHROUGH_SUDO_PASSWORD", "Password for sudo: ", questions.askSudoPassword);
  return {
    ...(password !== undefined && { password }),
    ...(passphrase !== undefined && { passphrase }),
    ...(sudoPassword !== undefined && { sudoPassword }),
  };
}

/** Asks at the terminal without showing the answer; ^C ends the command. */
export function askTerminal(
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
  signal: AbortSignal,
): SecretSources["ask"] {
  return async (question) => {
    if (!stdin.isTTY) {
      throw new CommandError({
        cause: "there is no terminal to ask for a password at",
        next: "Put it into PASSTHROUGH_PASSWORD, PASSTHROUGH_PASSPHRASE or PASSTHROUGH_SUDO_PASSWORD",
      });
    }
    stderr.write(question);
    const silence = new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    });
    const asking = createInterface({ input: stdin, output: silence, terminal: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        function stop(): void {
          reject(signal.reason as Error);
        }
        signal.addEventListener("abort", stop, { once: true });
        // In raw mode the terminal makes no signal of ^C; whoever handles signals hears of it all the same.
        asking.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
        asking.once("close", () => {
          reject(new CommandError({ cause: "no password was given" }));
        });
        asking.question("", resolve);
      });
    } finally {
      asking.close();
      stderr.write("\n");
    }
  };
}
