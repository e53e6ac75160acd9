import { backOff } from "exponential-backoff";
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import { Authentication } from "./authentication";
import { cancelledError, closedError, connectError, slowError } from "./connect-errors";
import { type Credentials, readCredentials } from "./credentials";
import { TransportError } from "./errors";
import { type HostKeyPolicy, readHostKeyPolicy } from "./host-key";
import { ClientLink, type Link, readLevel } from "./link";
import type { KeyRing } from "./private-key";
import type { Target } from "./target";

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 200;
/** Unanswered signs of life that end a connection. */
const MAX_MISSED_KEEPALIVES = 3;
/** RFC 4253 bounds the line in which a server names itself. */
const MAX_IDENT_BYTES = 255;

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
  private serverIdent = "";
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
    // After connect(), which pauses the stream: so nothing is read before ssh2 listens too.
    stream.once("data", (chunk: Buffer) => {
      this.serverIdent = chunk.toString("latin1", 0, MAX_IDENT_BYTES);
    });
  }

  private succeed(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.client.removeAllListeners("error").removeAllListeners("close");
    this.settle.resolve(new ClientLink(this.options.target, this.client, this.serverIdent));
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
