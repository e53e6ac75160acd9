import { spawn } from "node:child_process";
import { delimiter, dirname, isAbsolute } from "node:path";

const SHOWN = new Set(["up", "preview", "refresh", "destroy"]);

/**
 * Lets a command of the Automation API draw Pulumi's live tree: the API reads the CLI through pipes and tells it that
 * nobody watches, so what is shown is run with our terminal instead. Returns the command that it was given.
 */
export function showLiveTree(command) {
  const runQuietly = command.run.bind(command);
  command.run = (args, folder, environment, ...rest) =>
    SHOWN.has(args[0])
      ? runOnTerminal(command.command, args, folder, environment)
      : runQuietly(args, folder, environment, ...rest);
  return command;
}

/** Runs the CLI on our terminal; what it prints is not seen here, so the result holds no text. */
function runOnTerminal(executable, args, cwd, environment) {
  const words = args.filter((word) => word !== "--non-interactive");
  const env = { ...process.env, ...environment, PATH: pathWith(executable), PULUMI_AUTOMATION_API: "true" };
  return new Promise((resolve, reject) => {
    spawn(executable, words, { cwd, env, stdio: "inherit" })
      .once("error", reject)
      .once("exit", (code) => {
        if (code === 0) resolve({ stdout: "", stderr: "", code });
        else reject(new Error(`pulumi ${args[0]} ended with exit code ${code ?? "unknown"}`));
      });
  });
}

/** The plugin of dynamic resources lies beside the CLI. */
function pathWith(executable) {
  const path = process.env.PATH ?? "";
  return isAbsolute(executable) ? `${dirname(executable)}${delimiter}${path}` : path;
}
