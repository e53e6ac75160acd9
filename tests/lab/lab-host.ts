import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Emulator } from "./emulator";
import type { MachineFiles } from "./machine";
import { runOverSsh, type LabConnection, type SshResult } from "./system-ssh";

/** What a boot may take on a machine that is busy with other tests; an idle one needs about half a minute. */
const BOOT_TIMEOUT_MS = 400_000;
const COMMAND_TIMEOUT_MS = 180_000;
const PROBE_TIMEOUT_MS = 60_000;
const POLL_MS = 2_000;

/** A real KVM host in an emulator: its own disk on top of the shared one, its own ssh port, gone when it is stopped. */
export class LabHost {
  readonly name: string;
  readonly connection: LabConnection;
  readonly #folder: string;
  #emulator: Emulator;

  private constructor(name: string, folder: string, connection: LabConnection) {
    this.name = name;
    this.connection = connection;
    this.#folder = folder;
    this.#emulator = Emulator.start(listFiles(folder), connection.port);
  }

  /** Makes a host with a fresh disk, switches it on and waits until it answers. */
  static async start(options: { readonly name: string; readonly timeoutMs?: number }): Promise<LabHost> {
    const image = readImageFolder();
    const folder = await mkdtemp(join(tmpdir(), `passthrough-lab-${options.name}-`));
    await createOverlay(join(image, "base.qcow2"), listFiles(folder).disk);
    const connection = await describeConnection(image);
    const { address, port, hostKey } = connection;
    await writeFile(join(folder, "known_hosts"), `[${address}]:${port} ${hostKey}\n`);
    const host = new LabHost(options.name, folder, connection);
    try {
      await host.waitForSsh(options.timeoutMs);
    } catch (error) {
      await host.stop();
      throw error;
    }
    return host;
  }

  /** Runs a shell command as root and returns what it printed; throws when it fails. */
  async ssh(command: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<string> {
    const { exitCode, stdout, stderr } = await this.trySsh(command, timeoutMs);
    if (exitCode !== 0) throw new Error(`${this.name}: ${command}: exit code ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Runs a shell command as root that may fail. */
  trySsh(command: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<SshResult> {
    return runOverSsh(this.connection, join(this.#folder, "known_hosts"), command, timeoutMs);
  }

  /** Reads the number that changes with every boot. */
  async readBootId(): Promise<string> {
    return (await this.ssh("cat /proc/sys/kernel/random/boot_id", PROBE_TIMEOUT_MS)).trim();
  }

  /** Waits until the host runs commands. */
  waitForSsh(timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    return this.#waitFor("ssh", timeoutMs, () => true);
  }

  /** Waits until the host has booted again since it said `previousBootId`. */
  waitForReboot(previousBootId: string, timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    return this.#waitFor("a reboot", timeoutMs, (bootId) => bootId !== previousBootId);
  }

  /** Cuts the power, so that what the host had not synced is lost, and switches it on again, without waiting for it. */
  async powerCut(): Promise<void> {
    await this.#emulator.kill();
    this.#emulator = Emulator.start(listFiles(this.#folder), this.connection.port);
  }

  /** All that the host wrote to its serial line since it was last switched on. */
  readSerialLog(): Promise<string> {
    return readFile(listFiles(this.#folder).serialLog, "utf8");
  }

  /** Switches the host off and throws its disk away. */
  async stop(): Promise<void> {
    await this.#emulator.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #waitFor(what: string, timeoutMs: number, accept: (bootId: string) => boolean): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    let reason = "";
    while (Date.now() < deadline) {
      if (!this.#emulator.isRunning)
        throw new Error(`${this.name}: the emulator ended: ${await this.#readProcessLog()}`);
      try {
        if (accept(await this.readBootId())) return;
      } catch (error) {
        reason = String(error);
      }
      await sleep(POLL_MS);
    }
    throw new Error(`${this.name}: no ${what} within ${timeoutMs} ms: ${reason}\n${await this.#readSerialTail()}`);
  }

  #readProcessLog(): Promise<string> {
    return readFile(listFiles(this.#folder).processLog, "utf8");
  }

  async #readSerialTail(): Promise<string> {
    return (await this.readSerialLog()).split("\n").slice(-30).join("\n");
  }
}

function listFiles(folder: string): MachineFiles {
  return {
    disk: join(folder, "disk.qcow2"),
    serialLog: join(folder, "serial.log"),
    processLog: join(folder, "emulator.log"),
    monitorSocket: join(folder, "monitor.sock"),
    pidFile: join(folder, "emulator.pid"),
  };
}

function readImageFolder(): string {
  const folder = process.env["PASSTHROUGH_LAB"];
  if (folder === undefined) throw new Error("PASSTHROUGH_LAB must name the folder that build-image.sh filled");
  return folder;
}

async function createOverlay(base: string, overlay: string): Promise<void> {
  await promisify(execFile)("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay]);
}

async function describeConnection(image: string): Promise<LabConnection> {
  const [type = "", key = ""] = (await readFile(join(image, "host-key.pub"), "utf8")).trim().split(" ");
  return {
    address: "127.0.0.1",
    port: await findFreePort(),
    user: "root",
    privateKeyPath: join(image, "id"),
    hostKey: `${type} ${key}`,
  };
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
