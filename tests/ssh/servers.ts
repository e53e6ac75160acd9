import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chownSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostSettings } from "../../provider/src/model/connection";
import { type KeyPair, type KeyType, makeDropbearKey, makeKey, runTool } from "./keys";
import { findFreePort, type RunningProcess, startProcess } from "./processes";

/** Password of both accounts, `root` and `operator`. */
export const PASSWORD = "correct horse";
const PASSWORD_HASH =
  "$6$passthrough$DUvuLMphYCXNGlLBk/MYcG.ufFJ4SxhOEb.7udsyz4wWivr9w/sTcCh8137gDMSPrOoOhe5W/BAtZaAHqW72B0";
const OPERATOR_ID = 64_999;

/** What a server may be told. */
export interface ServerOptions {
  readonly hostKeyTypes?: readonly KeyType[];
  /** Lines of sshd_config, or arguments of dropbear. */
  readonly settings?: readonly string[];
  /** `.bashrc` of both accounts, which bash reads before any command. */
  readonly rcFile?: string;
  /** `/etc/sudoers`; by default there is no rule. */
  readonly sudoers?: string;
  /** An executable to put in the place of `sudo`. */
  readonly sudoProgram?: string;
}

/** A real SSH server on loopback. */
export interface SshServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Folder of the server's files; goes away with it. */
  readonly dir: string;
  readonly hostKeys: readonly KeyPair[];
  /** A key that both accounts let in. */
  readonly clientKey: KeyPair;
  readonly log: () => string;
  /** Lets another key in. */
  readonly authorize: (publicKey: string) => void;
  /** A connection that works, with changes. */
  readonly connection: (changes?: Partial<HostSettings>) => HostSettings;
  readonly stop: () => Promise<void>;
}

/** Starts OpenSSH's sshd. */
export async function startOpenSsh(options: ServerOptions = {}): Promise<SshServer> {
  requireProgram("/usr/sbin/sshd", "openssh-server");
  const { dir, clientKey } = prepareFolder(options);
  const port = await findFreePort();
  const hostKeys = (options.hostKeyTypes ?? ["ed25519"]).map((type) => makeKey(dir, `host_${type}`, type));
  const lines = [
    ...(options.settings ?? []),
    `ListenAddress 127.0.0.1:${port}`,
    ...hostKeys.map((key) => `HostKey ${key.path}`),
    "StrictModes no",
    "UsePAM no",
    "PidFile none",
    "PermitRootLogin yes",
    "MaxStartups 200",
  ];
  writeFileSync(join(dir, "sshd_config"), lines.join("\n"));
  // sshd insists on this folder for its unprivileged half.
  mkdirSync("/run/sshd", { recursive: true });
  const argv = ["/usr/sbin/sshd", "-D", "-e", "-f", join(dir, "sshd_config")];
  const server = await startProcess(isolate(dir, argv), port);
  return describeServer({ name: "OpenSSH", dir, port, hostKeys, clientKey, server });
}

/** Starts Dropbear. */
export async function startDropbear(options: ServerOptions = {}): Promise<SshServer> {
  requireProgram("/usr/sbin/dropbear", "dropbear-bin");
  const { dir, clientKey } = prepareFolder(options);
  const port = await findFreePort();
  const hostKeys = (options.hostKeyTypes ?? ["ed25519"]).map((type) => makeDropbearKey(dir, `host_${type}`, type));
  const argv = [
    ...["/usr/sbin/dropbear", "-F", "-E", "-m", "-P", join(dir, "pid"), "-p", `127.0.0.1:${port}`],
    ...hostKeys.flatMap((key) => ["-r", key.path]),
    ...(options.settings ?? []),
  ];
  const server = await startProcess(isolate(dir, argv), port);
  return describeServer({ name: "Dropbear", dir, port, hostKeys, clientKey, server });
}

function requireProgram(path: string, aptPackage: string): void {
  if (!existsSync(path)) throw new Error(`${path} is missing; install it with: apt-get install ${aptPackage}`);
  if (process.getuid?.() !== 0)
    throw new Error("these tests start SSH servers with accounts of their own: run them as root");
}

/** Homes, accounts and sudo's rules of a server. */
function prepareFolder(options: ServerOptions): { dir: string; clientKey: KeyPair } {
  const dir = mkdtempSync(join(tmpdir(), "passthrough-ssh-"));
  runTool("coreutils", "chmod", ["755", dir]);
  const clientKey = makeKey(dir, "client", "ed25519");
  for (const [name, id] of [
    ["root", 0],
    ["operator", OPERATOR_ID],
  ] as const) {
    const home = join(dir, name);
    mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, ".ssh", "authorized_keys"), `${clientKey.publicKey}\n`, { mode: 0o600 });
    writeFileSync(join(home, ".bashrc"), options.rcFile ?? "");
    for (const path of [home, join(home, ".ssh"), join(home, ".ssh", "authorized_keys"), join(home, ".bashrc")]) {
      chownSync(path, id, id);
    }
  }
  writeFileSync(
    join(dir, "passwd"),
    replaceAccounts("/etc/passwd", [
      `root:x:0:0:root:${join(dir, "root")}:/bin/bash`,
      `operator:x:${OPERATOR_ID}:${OPERATOR_ID}::${join(dir, "operator")}:/bin/bash`,
    ]),
  );
  const shadow = ["root", "operator"].map((name) => `${name}:${PASSWORD_HASH}:19000:0:99999:7:::`);
  writeFileSync(join(dir, "shadow"), replaceAccounts("/etc/shadow", shadow), { mode: 0o600 });
  writeFileSync(join(dir, "sudoers"), `${options.sudoers ?? ""}\n`, { mode: 0o440 });
  if (options.sudoProgram !== undefined) writeFileSync(join(dir, "sudo"), options.sudoProgram, { mode: 0o755 });
  return { dir, clientKey };
}

function replaceAccounts(file: string, lines: readonly string[]): string {
  const others = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => !/^(root|operator):/.test(line));
  return [...lines, ...others].join("\n");
}

/** In a mount namespace of its own, a server sees our accounts; the machine keeps its own. */
function isolate(dir: string, argv: readonly string[]): string[] {
  const script = `
    for file in passwd shadow sudoers; do
      if [ -e "/etc/$file" ]; then mount --bind "$0/$file" "/etc/$file" || exit; fi
    done
    if [ -e "$0/sudo" ]; then mount --bind "$0/sudo" /usr/bin/sudo || exit; fi
    exec "$@"`;
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, dir, ...argv];
}

type ServerParts = Pick<SshServer, "name" | "dir" | "port" | "hostKeys" | "clientKey"> & { server: RunningProcess };

function describeServer({ server, ...parts }: ServerParts): SshServer {
  const { dir, port, hostKeys, clientKey } = parts;
  return {
    ...parts,
    pid: server.pid,
    log: server.log,
    authorize: (publicKey) => {
      for (const account of ["root", "operator"]) {
        writeFileSync(join(dir, account, ".ssh", "authorized_keys"), `${publicKey}\n`, { flag: "a" });
      }
    },
    connection: (changes = {}) => ({
      address: "127.0.0.1",
      port,
      user: "root",
      privateKeyPath: clientKey.path,
      hostKey: hostKeys.map((key) => key.publicKey),
      agent: false,
      sshConfigPath: "none",
      ...changes,
    }),
    stop: async () => {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
