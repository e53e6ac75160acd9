import { createHash, timingSafeEqual } from "node:crypto";
import net from "node:net";

import type { AuthContext, Connection, ParsedKey, ServerChannel, Session } from "ssh2";
import { Server, utils } from "ssh2";

/** What the server needs from the host behind it. */
export interface SshServerSettings {
  readonly hostKey: string;
  /** OpenSSH line of the key that is let in. */
  readonly userKey: string;
  readonly password?: string;
  readonly onCommand: (channel: ServerChannel, command: string) => RunningSession;
}

/** What a session may still be asked after its command has started. */
export interface RunningSession {
  signal(name: string): void;
}

/** An SSH server on a random loopback port that can drop and refuse connections. */
export class SshServer {
  readonly #settings: SshServerSettings;
  readonly #ssh: Server;
  readonly #listener: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** Connections end before a handshake while this is true, as with a host that is down. */
  isRefusing = false;
  connectionCount = 0;

  constructor(settings: SshServerSettings) {
    this.#settings = settings;
    this.#ssh = new Server({ hostKeys: [settings.hostKey] }, (connection) => {
      this.#welcome(connection);
    });
    this.#listener = net.createServer({ noDelay: true }, (socket) => {
      this.#accept(socket);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen(0, "127.0.0.1", resolve);
    });
    return (this.#listener.address() as net.AddressInfo).port;
  }

  /** Drops every connection without a word. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Drops every connection and returns when their ends are known on this side. */
  async dropAllAndWait(): Promise<void> {
    const closed = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    this.dropAll();
    await Promise.all(closed);
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#listener.close(() => {
        resolve();
      });
    });
    this.dropAll();
    await closed;
  }

  #accept(socket: net.Socket): void {
    socket.on("error", () => undefined);
    if (this.isRefusing) {
      socket.destroy();
      return;
    }
    this.connectionCount++;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    this.#ssh.injectSocket(socket);
  }

  #welcome(connection: Connection): void {
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      this.#authenticate(context);
    });
    connection.on("session", (accept) => {
      this.#serve(accept());
    });
  }

  #authenticate(context: AuthContext): void {
    const methods: ("publickey" | "password")[] =
      this.#settings.password === undefined ? ["publickey"] : ["publickey", "password"];
    const isWelcome =
      (context.method === "publickey" && this.#isUserKey(context)) ||
      (context.method === "password" &&
        this.#settings.password !== undefined &&
        isSame(context.password, this.#settings.password));
    if (isWelcome) context.accept();
    else context.reject(methods);
  }

  #isUserKey(context: Extract<AuthContext, { method: "publickey" }>): boolean {
    const known = utils.parseKey(this.#settings.userKey) as ParsedKey;
    if (!isSame(context.key.data.toString("base64"), known.getPublicSSH().toString("base64"))) return false;
    if (context.signature === undefined || context.blob === undefined) return true;
    return known.verify(context.blob, context.signature, context.hashAlgo);
  }

  #serve(session: Session): void {
    let running: RunningSession | undefined;
    session.on("exec", (accept, _reject, info) => {
      running = this.#settings.onCommand(accept(), info.command);
    });
    session.on("signal", (accept: (() => void) | undefined, _reject: unknown, info: { name: string }) => {
      (accept as (() => void) | undefined)?.();
      running?.signal(info.name);
    });
    session.on("env", (accept: (() => void) | undefined) => {
      (accept as (() => void) | undefined)?.();
    });
  }
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
