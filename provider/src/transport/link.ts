import { backOff } from "exponential-backoff";
import { setMaxListeners } from "node:events";
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ClientChannel } from "ssh2";
import { Authentication } from "./authentication";
import { cancelledError, closedError, connectError, forwardError, slowError } from "./connect-errors";
import { type Credentials, readCredentials } from "./credentials";
import { describeCause, readErrorField, TransportError } from "./errors";
import { type HostKeyPolicy, readHostKeyPolicy } from "./host-key";
import type { KeyRing } from "./private-key";
import type { Target } from "./target";

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 200;
/** Unanswered signs of life that end a connection. */
const MAX_MISSED_KEEPALIVES = 3;
/** Longest wait for the host's good-bye. */
const CLOSE_TIMEOUT_MS = 1000;

/** An authenticated SSH connection. */
export interface Link {
  readonly target: Target;
  /** Aborted when the connection has ended; the reason is a text. */
  readonly lost: AbortSignal;
  /** Starts a command on a channel of its own. */
  execute(commandText: string): Promise<ClientChannel>;
  /** Opens a stream to another host, as seen from this one. */
  forward(to: Target): Promise<Duplex>;
  close(): Promise<void>;
}

/** What a connection needs beside its target. */
export interface ConnectOptions {
  readonly keys: KeyRing;
  /** The connection to the jump host. */
  readonly via?: Link | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** Connects, checks the host key and logs in; tries again where the network, not the host, said no. */
export async function connectLink(target: Target, options: ConnectOptions): Promise<Link> {
  const policy = await readHostKeyPolicy(target);
  const credentials = await readCredentials(target, options.keys);
  const deadline = Date.now() + target.connectTimeoutMs;
  let attempt = 0;
  function tryOnce(): Promise<Link> {
    attempt += 1;
    const left = Math.max(deadline - Date.now(), 1);
    const budgetMs = attempt === ATTEMPTS ? left : left / 2;
    return new Attempt({ target, policy, credentials, budgetMs, ...options }).result;
  }
  return backOff(tryOnce, {
    numOfAttempts: ATTEMPTS,
    startingDelay: FIRST_DELAY_MS,
    jitter: "full",
    retry: (error: unknown) => {
      if (!(error instanceof TransportError) || !error.isTransient) return false;
      if (attempt === ATTEMPTS || Date.now() >= deadline || options.signal?.aborted === true) return false;
      options.onProgress?.(`${error.message} (trying again)`);
      return true;
    },
  });
}

interface AttemptOptions extends ConnectOptions {
  readonly target: Target;
  readonly policy: HostKeyPolicy;
  readonly credentials: Credentials;
  readonly budgetMs: number;
}

/** One attempt to connect. */
class Attempt {
  readonly result: Promise<Link>;
  private readonly options: AttemptOptions;
  private readonly authentication: Authentication;
  private readonly client = new Client();
  private stream: Duplex | undefined;
  private isSettled = false;
  private hostKeyError: TransportError | undefined;
  private settle!: { resolve: (link: Link) => void; reject: (error: TransportError) => void };

  constructor(options: AttemptOptions) {
    this.options = options;
    this.authentication = new Authentication(options.target, options.credentials);
    this.result = new Promise<Link>((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    void this.start();
  }

  private async start(): Promise<void> {
    const { target, via, signal, budgetMs } = this.options;
    if (signal?.aborted === true) {
      this.fail(cancelledError(target));
      return;
    }
    const timer = setTimeout(() => {
      this.fail(slowError(target, budgetMs));
    }, budgetMs);
    const onAbort = (): void => {
      this.fail(cancelledError(target));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      this.stream = via === undefined ? this.openSocket() : await via.forward(target);
      this.handshake(this.stream);
      await this.result;
    } catch (error) {
      this.fail(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  private openSocket(): Duplex {
    const { address, port } = this.options.target;
    // Node's default of 250 ms gives up on the addresses of a name before a distant host can answer.
    const socket = connectSocket({ host: address, port, autoSelectFamilyAttemptTimeout: 2000 });
    // Without it, every step of the handshake waits for a delayed acknowledgement.
    return socket.setNoDelay(true);
  }

  private handshake(stream: Duplex): void {
    if (this.isSettled) {
      stream.destroy();
      return;
    }
    const { target, policy } = this.options;
    this.client
      .on("error", (error) => {
        this.fail(error);
      })
      .on("close", () => {
        this.fail(this.authentication.hasStarted ? this.authentication.failure() : closedError(target));
      })
      .on("ready", () => {
        this.succeed();
      })
      .connect({
        sock: stream,
        username: target.user,
        authHandler: this.authentication.handler,
        algorithms: { serverHostKey: policy.algorithms },
        hostVerifier: (key: Buffer): boolean => {
          this.hostKeyError = policy.verify(key);
          return this.hostKeyError === undefined;
        },
        readyTimeout: 0,
        keepaliveInterval: target.keepaliveMs,
        keepaliveCountMax: MAX_MISSED_KEEPALIVES,
      });
  }

  private succeed(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.client.removeAllListeners("error").removeAllListeners("close");
    this.settle.resolve(new ClientLink(this.options.target, this.client));
  }

  private fail(error: unknown): void {
    // A key that the agent refuses to use is no failure yet: ssh2 goes on to the next.
    if (this.isSettled || readLevel(error) === "agent") return;
    this.isSettled = true;
    this.settle.reject(this.explain(error));
    // Late errors of a connection that was given up concern nobody, but without a listener they end the process.
    this.client.on("error", () => undefined);
    this.stream?.on("error", () => undefined).destroy();
  }

  private explain(error: unknown): TransportError {
    if (this.hostKeyError !== undefined) return this.hostKeyError;
    if (error instanceof TransportError) return error;
    // Servers end a login in their own words ("Too many authentication failures"), or in none.
    const isNetwork = readLevel(error) === "client-socket";
    if (this.authentication.hasStarted && !isNetwork) return this.authentication.failure();
    return connectError(this.options.target, error);
  }
}

/** Where in ssh2 an error comes from: `agent`, `client-socket`, … */
function readLevel(error: unknown): unknown {
  return readErrorField(error, "level");
}

class ClientLink implements Link {
  readonly target: Target;
  readonly lost: AbortSignal;
  private readonly client: Client;
  private readonly ending = new AbortController();
  private readonly closed: Promise<void>;

  constructor(target: Target, client: Client) {
    this.target = target;
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
