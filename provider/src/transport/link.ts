import { setMaxListeners } from "node:events";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { forwardError } from "./connect-errors";
import { describeCause, readErrorField } from "./errors";
import type { Target } from "./target";

/** Longest wait for the host's good-bye. */
const CLOSE_TIMEOUT_MS = 1000;
/**
 * sshd's MaxSessions is 10; two are left for what outlives its command. Dropbear gets one command at a time: it closes
 * the wrong channel when one command starts while another ends, and may drop the whole connection (seen with 2022.83).
 */
const MAX_COMMANDS = 8;

/** An authenticated SSH connection. */
export interface Link {
  readonly target: Target;
  /** How many commands may run side by side. */
  readonly maxCommands: number;
  /** Aborted when the connection has ended; the reason is a text. */
  readonly lost: AbortSignal;
  /** Starts a command on a channel of its own. */
  execute(commandText: string): Promise<ClientChannel>;
  /** Opens a stream to another host, as seen from this one. */
  forward(to: Target): Promise<Duplex>;
  close(): Promise<void>;
}

/** Where in ssh2 an error comes from: `agent`, `client-socket`, … */
export function readLevel(error: unknown): unknown {
  return readErrorField(error, "level");
}

/** The connection of an ssh2 client that has logged in. */
export class ClientLink implements Link {
  readonly target: Target;
  readonly maxCommands: number;
  readonly lost: AbortSignal;
  private readonly client: Client;
  private readonly ending = new AbortController();
  private readonly closed: Promise<void>;

  constructor(target: Target, client: Client, serverIdent: string) {
    this.target = target;
    this.maxCommands = /^SSH-2\.0-dropbear/i.test(serverIdent) ? 1 : MAX_COMMANDS;
    this.client = client;
    this.lost = this.ending.signal;
    // Every waiting command listens.
    setMaxListeners(0, this.lost);
    client.on("error", (error) => {
      if (readLevel(error) !== "agent") this.ending.abort(describeCause(error));
    });
    client.on("end", () => {
      this.ending.abort("the host closed the connection");
    });
    this.closed = new Promise((resolve) => {
      client.on("close", () => {
        this.ending.abort("the connection was closed");
        resolve();
      });
    });
  }

  execute(commandText: string): Promise<ClientChannel> {
    return this.request((done) => this.client.exec(commandText, done));
  }

  async forward(to: Target): Promise<Duplex> {
    try {
      return await this.request<Duplex>((done) => this.client.forwardOut("127.0.0.1", 0, to.address, to.port, done));
    } catch (error) {
      throw forwardError(to, this.target, error);
    }
  }

  async close(): Promise<void> {
    if (this.lost.aborted) this.client.destroy();
    else this.client.end();
    this.ending.abort("it was closed on this side");
    const giveUp = setTimeout(() => this.client.destroy(), CLOSE_TIMEOUT_MS);
    await this.closed;
    clearTimeout(giveUp);
  }

  /** ssh2 throws at once when the socket is gone, and never calls back when it goes away at the wrong moment. */
  private request<T>(send: (done: (error: Error | undefined, value: T) => void) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const onLost = (): void => {
        reject(new Error(String(this.lost.reason)));
      };
      if (this.lost.aborted) {
        onLost();
        return;
      }
      this.lost.addEventListener("abort", onLost, { once: true });
      send((error, value) => {
        this.lost.removeEventListener("abort", onLost);
        if (error === undefined) resolve(value);
        else reject(error);
      });
    });
  }
}
