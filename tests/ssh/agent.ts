import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./keys";

/** A real ssh-agent. */
export interface RunningAgent {
  readonly socket: string;
  readonly add: (keyPath: string, passphrase?: string) => void;
  readonly stop: () => Promise<void>;
}

/** Starts an agent that holds no key yet. */
export async function startAgent(dir: string): Promise<RunningAgent> {
  const socket = join(dir, "agent.sock");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  await once(child, "spawn");
  const deadline = Date.now() + 10_000;
  while (!existsSync(socket)) {
    if (Date.now() > deadline) throw new Error("ssh-agent did not open its socket");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    socket,
    add: (keyPath, passphrase = "") => {
      const askPass = join(dir, "ask-pass");
      writeFileSync(askPass, `#!/bin/sh\necho '${passphrase}'\n`, { mode: 0o755 });
      const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS: askPass, SSH_ASKPASS_REQUIRE: "force" };
      runTool("openssh-client", "ssh-add", ["-q", keyPath], env);
    },
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
