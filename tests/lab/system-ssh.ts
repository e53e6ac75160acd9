import { execFile } from "node:child_process";

/** Where a lab host answers, in the words of this package's own connection input. */
export interface LabConnection {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyPath: string;
  /** The machine's key as known_hosts has it: its type and the encoded key. */
  readonly hostKey: string;
}

/** What a command on the host left behind. */
export interface SshResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the ssh client itself ends with when it could not run the command. */
const CLIENT_FAILED = 255;

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a shell command on the host through the system's ssh client: a second opinion that shares no code with the product.
 * Throws when the host cannot be reached or the time is up, not when the command fails.
 */
export function runOverSsh(
  connection: LabConnection,
  knownHostsFile: string,
  command: string,
  timeoutMs: number,
): Promise<SshResult> {
  const argv = [...renderOptions(connection, knownHostsFile), `${connection.user}@${connection.address}`, command];
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: MAX_OUTPUT_BYTES };
    const child = execFile("ssh", argv, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === "number" && exitCode !== CLIENT_FAILED) {
        resolve({ exitCode, stdout, stderr });
        return;
      }
      const cause = error?.killed === true ? `no end within ${timeoutMs} ms` : `${String(exitCode)}: ${stderr.trim()}`;
      reject(new Error(`ssh to ${connection.address}:${connection.port}: ${command}: ${cause}`));
    });
    child.stdin?.end();
  });
}

function renderOptions(connection: LabConnection, knownHostsFile: string): string[] {
  const options = [
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${knownHostsFile}`,
    "ConnectTimeout=15",
    // No keepalives: an emulated host on a busy machine may be silent for half a minute and still come through.
    "LogLevel=ERROR",
  ];
  const port = String(connection.port);
  return ["-F", "none", "-p", port, "-i", connection.privateKeyPath, ...options.flatMap((option) => ["-o", option])];
}
