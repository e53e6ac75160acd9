import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Emulator } from "./emulator";
import { isSyncedLater, readFirmware, readImageFolder, type LabImage } from "./lab-images";
import { FIRMWARE_VARIABLES, type MachineFiles } from "./machine";
import { askMonitor } from "./monitor";
import { runOverSsh, type LabConnection, type SshResult } from "./system-ssh";

/** What a boot may take on a machine that is busy with other tests; an idle one needs about half a minute. */
const BOOT_TIMEOUT_MS = 400_000;
const COMMAND_TIMEOUT_MS = 180_000;
const PROBE_TIMEOUT_MS = 60_000;
const POLL_MS = 2_000;
const SERIAL_POLL_MS = 200;
/** The memory of a host goes through a pipe to a file; a busy disk needs its time. */
const FREEZE_TIMEOUT_MS = 300_000;
const FREEZE_POLL_MS = 200;
/** The emulator's own limit is made for networks. */
const SAVE_PACE = "migrate_set_parameter max-bandwidth 16G";

/** A machine that was stopped in the middle of its work: files that any number of machines can go on from. */
export interface FrozenHost {
  readonly image: LabImage;
  readonly folder: string;
}

/** A real KVM host in an emulator: its own disk on top of the shared one, its own ssh port, gone when it is stopped. */
export class LabHost {
  readonly name: string;
  readonly connection: LabConnection;
  readonly #image: LabImage;
  readonly #folder: string;
  #card = "e1000e";
  #emulator: Emulator;

  private constructor(name: string, image: LabImage, folder: string, connection: LabConnection, memory?: string) {
    this.name = name;
    this.connection = connection;
    this.#image = image;
    this.#folder = folder;
    this.#emulator = this.#switchOn(memory);
  }

  /** Makes a host with a fresh disk, switches it on and waits until it answers. */
  static async start(options: {
    readonly name: string;
    readonly image?: LabImage;
    readonly timeoutMs?: number;
  }): Promise<LabHost> {
    const { name, image = "grub-bios", timeoutMs } = options;
    const folder = await makeFolder(name, image);
    const files = listFiles(folder);
    await createOverlay(join(readImageFolder(image), "base.qcow2"), files.disk);
    if (readFirmware(image) === "uefi") await copyFile(FIRMWARE_VARIABLES, files.firmwareVariables);
    return LabHost.#wait(new LabHost(name, image, folder, await prepareConnection(image, folder)), timeoutMs);
  }

  /** Makes a host that goes on where a frozen one stopped, with files of its own. */
  static async thaw(frozen: FrozenHost, name: string): Promise<LabHost> {
    const { image } = frozen;
    const [from, folder] = [listFiles(frozen.folder), await makeFolder(name, image)];
    const files = listFiles(folder);
    await createOverlay(from.disk, files.disk);
    if (readFirmware(image) === "uefi") await copyFile(from.firmwareVariables, files.firmwareVariables);
    const connection = await prepareConnection(image, folder);
    return LabHost.#wait(new LabHost(name, image, folder, connection, memoryFile(frozen.folder)));
  }

  static async #wait(host: LabHost, timeoutMs?: number): Promise<LabHost> {
    try {
      await host.waitForSsh(timeoutMs);
    } catch (error) {
      await host.stop();
      throw error;
    }
    return host;
  }

  /** Stops the host for good, in a state that others can be thawed from; the caller removes the folder that holds it. */
  async freeze(): Promise<FrozenHost> {
    const monitor = listFiles(this.#folder).monitorSocket;
    await askMonitor(monitor, SAVE_PACE);
    await askMonitor(monitor, `migrate -d "exec:cat > ${memoryFile(this.#folder)}"`);
    const deadline = Date.now() + FREEZE_TIMEOUT_MS;
    let status = "";
    while (!status.includes("Migration status: completed")) {
      if (status.includes("Migration status: failed") || Date.now() > deadline)
        throw new Error(`${this.name}: its memory could not be saved: ${status}`);
      await sleep(FREEZE_POLL_MS);
      status = await askMonitor(monitor, "info migrate");
    }
    await this.#emulator.kill();
    return { image: this.#image, folder: this.#folder };
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

  /**
   * Cuts the power, so that what the host had not synced is lost, and switches it on again, without waiting for it. With
   * another model of `card`, someone has changed the NIC that is alone in its group meanwhile.
   */
  async powerCut(options: { readonly card?: string } = {}): Promise<void> {
    await this.#emulator.kill();
    this.#card = options.card ?? this.#card;
    await rm(listFiles(this.#folder).serialLog, { force: true });
    this.#emulator = this.#switchOn();
  }

  /** Keeps memory and disk as they are now, under a name; the host goes on. */
  async keepMoment(name: string): Promise<void> {
    await this.#commandSnapshot(`savevm ${name}`);
  }

  /** Goes back to a moment that was kept: what happened since has not happened. */
  async goBackTo(name: string): Promise<void> {
    await this.#commandSnapshot(`loadvm ${name}`);
  }

  /** The monitor says nothing when such a command has done its work. */
  async #commandSnapshot(command: string): Promise<void> {
    const answer = await askMonitor(listFiles(this.#folder).monitorSocket, command);
    if (answer.trim() !== "") throw new Error(`${this.name}: ${command}: ${answer}`);
  }

  /** All that the host wrote to its serial line since it was last switched on. */
  readSerialLog(): Promise<string> {
    return readFile(listFiles(this.#folder).serialLog, "utf8");
  }

  /** Waits until the serial line has said something since the host was last switched on; returns whether it has. */
  async waitForSerial(text: RegExp, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      // The emulator makes the file when it starts.
      if (text.test(await this.readSerialLog().catch(() => ""))) return true;
      await sleep(SERIAL_POLL_MS);
    }
    return false;
  }

  /** Switches the host off and throws its disk away. */
  async stop(): Promise<void> {
    await this.#emulator.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #switchOn(memory?: string): Emulator {
    return Emulator.start(listFiles(this.#folder), {
      sshPort: this.connection.port,
      firmware: readFirmware(this.#image),
      isSyncedLater: isSyncedLater(this.#image),
      card: this.#card,
      ...(memory === undefined ? {} : { memory }),
    });
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
    firmwareVariables: join(folder, "firmware-variables"),
    serialLog: join(folder, "serial.log"),
    processLog: join(folder, "emulator.log"),
    monitorSocket: join(folder, "monitor.sock"),
    pidFile: join(folder, "emulator.pid"),
  };
}

function memoryFile(folder: string): string {
  return join(folder, "memory");
}

function makeFolder(name: string, image: LabImage): Promise<string> {
  return mkdtemp(join(tmpdir(), `passthrough-lab-${image}-${name}-`));
}

async function createOverlay(base: string, overlay: string): Promise<void> {
  await promisify(execFile)("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay]);
}

/** Chooses the port of a new host, and lets the system's ssh client know its key. */
async function prepareConnection(image: LabImage, folder: string): Promise<LabConnection> {
  const source = readImageFolder(image);
  const [type = "", key = ""] = (await readFile(join(source, "host-key.pub"), "utf8")).trim().split(" ");
  const [address, port, hostKey] = ["127.0.0.1", await findFreePort(), `${type} ${key}`];
  await writeFile(join(folder, "known_hosts"), `[${address}]:${port} ${hostKey}\n`);
  return { address, port, user: "root", privateKeyPath: join(source, "id"), hostKey };
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
