import { execFileSync } from "node:child_process";
import fs from "node:fs";

import { childAccount, type HostFiles } from "../root/host-files";

/** Somebody who logs in. */
export interface Login {
  readonly user: string;
  /** `pts/0` or `tty1`; absent for a connection without a terminal, as `scp` has. */
  readonly terminal?: string;
  /** Whether logind knows the terminal: of SSH sessions it learns it from utmp only, where there is one. */
  readonly isTerminalKnown?: boolean;
  readonly from?: string;
  /** `user` unless it is a greeter, a manager and the like. */
  readonly class?: string;
  /** Begin in milliseconds since 1970. */
  readonly sinceMs?: number;
}

/** An inhibitor that a program holds. */
export interface Inhibition {
  readonly what?: string;
  readonly mode?: "block" | "block-weak" | "delay";
  readonly who: string;
  readonly why: string;
  readonly pid?: number;
}

/** A process that holds a file's lock, as package managers do. */
export interface LockHolder {
  readonly name: string;
  readonly pid: number;
  /** Absolute path of the lock. */
  readonly lock: string;
}

const SESSIONS = "/run/systemd/sessions";
const INHIBITORS = "/run/systemd/inhibit";
const NOTICE = "# This is private data. Do not parse.\n";

/**
 * Who uses the host: files as systemd-logind keeps them (session_save and inhibitor_save in systemd's src/login), the
 * kernel's list of locks (proc_locks(5)), and processes as far as those point to them.
 */
export class Activity {
  readonly #files: HostFiles;
  #nextId = 2;
  readonly #inhibitions = new Map<string, Inhibition>();
  readonly #locks = new Map<number, string>();

  constructor(files: HostFiles) {
    this.#files = files;
  }

  /** After a boot nobody is there but us: a connection without a terminal. */
  boot(): void {
    for (const pid of this.#locks.keys()) this.#files.remove(`/proc/${pid}`);
    this.#inhibitions.clear();
    this.#locks.clear();
    this.#files.remove("/sys/fs/cgroup/user.slice");
    this.#writeLocks();
    this.#files.write("/proc/self/cgroup", "0::/user.slice/user-0.slice/session-1.scope\n");
    this.#writeSession("1", { user: "root", from: "10.0.2.2" });
  }

  /** Opens a session; the answer ends it. */
  logIn(login: Login): () => void {
    const id = String(this.#nextId++);
    this.#writeSession(id, login);
    const { terminal, isTerminalKnown = true } = login;
    if (terminal !== undefined && !isTerminalKnown) this.#writeProcesses(id, terminal);
    return () => {
      for (const file of [`${SESSIONS}/${id}`, `${SESSIONS}/${id}.ref`]) this.#files.remove(file);
    };
  }

  #writeSession(id: string, login: Login): void {
    const { user, terminal, isTerminalKnown = true, from, class: kind = "user", sinceMs = Date.now() } = login;
    const lines = [
      ...[
        "UID=1000",
        `USER=${user}`,
        "ACTIVE=1",
        "IS_DISPLAY=1",
        "STATE=active",
        `REMOTE=${from === undefined ? 0 : 1}`,
      ],
      ...["TYPE=tty", "ORIGINAL_TYPE=tty", `CLASS=${kind}`, `SCOPE=session-${id}.scope`, `FIFO=${SESSIONS}/${id}.ref`],
      ...(terminal !== undefined && isTerminalKnown ? [`TTY=${terminal}`] : []),
      ...(from === undefined ? [] : [`REMOTE_HOST=${from}`]),
      ...["SERVICE=sshd", "LEADER=900", `REALTIME=${sinceMs * 1000}`, "MONOTONIC=4000000"],
    ];
    this.#files.write(`${SESSIONS}/${id}`, `${NOTICE}${lines.join("\n")}\n`);
    this.#makePipe(`${SESSIONS}/${id}.ref`);
  }

  /** The processes of a session in its control group: sshd, which has no terminal, and the shell, which has. */
  #writeProcesses(id: string, terminal: string): void {
    const number = (136 << 8) | Number(/\d+$/.exec(terminal)?.[0] ?? 0);
    const scope = `/sys/fs/cgroup/user.slice/user-1000.slice/session-${id}.scope`;
    this.#files.write(`${scope}/cgroup.procs`, `9${id}1\n9${id}2\n`);
    this.#files.write(`/proc/9${id}1/stat`, `9${id}1 (sshd) S 1 9${id}1 9${id}1 0 -1 4194560 0\n`);
    this.#files.write(
      `/proc/9${id}2/stat`,
      `9${id}2 (ba) sh x) S 9${id}1 9${id}2 9${id}2 ${number} 9${id}2 4194304 0\n`,
    );
  }

  /** Takes an inhibitor; the answer gives it back. */
  inhibit(inhibition: Inhibition): () => void {
    const id = String(this.#nextId++);
    const { what = "shutdown:sleep", mode = "block", who, why, pid = 777 } = inhibition;
    const fields = [`WHAT=${what}`, `MODE=${mode}`, "UID=0", `PID=${pid}`, `WHO=${quote(who)}`, `WHY=${quote(why)}`];
    this.#files.write(`${INHIBITORS}/${id}`, `${NOTICE}${fields.join("\n")}\nFIFO=${INHIBITORS}/${id}.ref\n`);
    this.#makePipe(`${INHIBITORS}/${id}.ref`);
    this.#inhibitions.set(id, { ...inhibition, what, mode });
    return () => {
      this.#inhibitions.delete(id);
      for (const file of [`${INHIBITORS}/${id}`, `${INHIBITORS}/${id}.ref`]) this.#files.remove(file);
    };
  }

  /** A package manager of somebody else that holds its lock. */
  get lockHolder(): { readonly name: string; readonly pid: number } | undefined {
    const [pid] = this.#locks.keys();
    if (pid === undefined) return undefined;
    return { name: this.#files.read(`/proc/${pid}/comm`).trim(), pid };
  }

  /** What keeps `systemctl reboot` from rebooting, in its words: since systemd 257 root is asked to wait as well. */
  get blockedBy(): string | undefined {
    for (const { what = "", mode, who, why } of this.#inhibitions.values())
      if (mode === "block" && what.split(":").includes("shutdown"))
        return `Operation inhibited by "${who}", reason is "${why}".\n`;
    return undefined;
  }

  /** Has a process hold a lock as `fcntl` gives it; the answer ends the process. The file stays, as real ones do. */
  holdLock({ name, pid, lock }: LockHolder): () => void {
    if (!this.#files.exists(lock)) this.#files.write(lock, "");
    const { ino } = fs.statSync(this.#files.locate(lock));
    this.#startProcess(name, pid, lock);
    this.#locks.set(pid, `POSIX  ADVISORY  WRITE ${pid} fd:01:${ino} 0 EOF`);
    this.#writeLocks();
    return () => {
      this.endProcess(pid);
    };
  }

  /** Has a process keep a file open, as pacman does, or write its number into it, as zypper does. */
  openFile({ name, pid, lock }: LockHolder, text = ""): () => void {
    this.#files.write(lock, text);
    this.#startProcess(name, pid, lock);
    return () => {
      this.endProcess(pid);
    };
  }

  /** Ends a process; its files stay. */
  endProcess(pid: number): void {
    this.#files.remove(`/proc/${pid}`);
    this.#locks.delete(pid);
    this.#writeLocks();
  }

  #startProcess(name: string, pid: number, file: string): void {
    this.#files.write(`/proc/${pid}/comm`, `${name}\n`);
    this.#files.makeFolder(`/proc/${pid}/fd`);
    this.#files.linkText(`/proc/${pid}/fd/4`, file);
  }

  /** Among the locks are always some of others: one for reading, one that is waited for. */
  #writeLocks(): void {
    const others = ["FLOCK  ADVISORY  WRITE 612 00:19:1183 0 EOF", "OFDLCK ADVISORY  READ -1 00:05:9 0 0"];
    const rows = [...this.#locks.values(), ...others].map((row, i) => `${i + 1}: ${row}\n`);
    this.#files.write("/proc/locks", [...rows, "3: -> FLOCK  ADVISORY  WRITE 613 00:19:1183 0 EOF\n"].join(""));
  }

  #makePipe(hostPath: string): void {
    const real = this.#files.locate(hostPath);
    execFileSync("mkfifo", ["-m", "600", real]);
    const account = childAccount();
    if (account !== undefined) fs.chownSync(real, account, account);
  }
}

/** systemd escapes these texts as in C, then quotes what a shell would not take as one word. */
function quote(text: string): string {
  const escaped = [...Buffer.from(text)]
    .map((byte) => {
      if (byte === 0x22 || byte === 0x27 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
      if (byte === 0x0a) return "\\n";
      return byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, "0")}` : String.fromCharCode(byte);
    })
    .join("");
  return /^[\w./:@%+-]*$/.test(escaped) ? escaped : `"${escaped.replace(/["\\`$]/g, "\\$&")}"`;
}
