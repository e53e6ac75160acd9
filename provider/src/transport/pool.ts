import type { HostConnection } from "../model/connection";
import { type LocalEnvironment, readLocalEnvironment } from "./environment";
import { cancelledError } from "./connect-errors";
import type { Link } from "./link";
import { KeyRing } from "./private-key";
import { SharedPool } from "./shared-pool";
import { type HostShell, openLink, type OpenContext, openTargetShell, type RemoteShell } from "./shell";
import { resolveTarget, type Target, targetKey } from "./target";

/** A shared shell, held until it is released. Closing it releases it. */
export interface ShellLease extends RemoteShell {
  /** Aborted when the connection is gone; the next `acquire` connects anew. */
  readonly lost: AbortSignal;
  release(): void;
}

/** How a pool behaves. */
export interface PoolOptions {
  /** How long an idle connection is kept; default 2000. */
  readonly lingerMs?: number;
  /** In place of this machine's home, user and variables; for tests. */
  readonly env?: Partial<LocalEnvironment>;
}

/** What one `acquire` may be told. */
export interface AcquireOptions {
  readonly signal?: AbortSignal;
  /** Hears of attempts to connect that failed and are repeated; only the caller who connects does. */
  readonly onProgress?: (text: string) => void;
}

const DEFAULT_LINGER_MS = 2000;

/** One connection a host, shared by all who talk to it; jump hosts are shared by all hosts behind them. */
export class ShellPool {
  private readonly shells: SharedPool<HostShell>;
  private readonly jumps: SharedPool<Link>;
  private readonly keys = new KeyRing();
  private readonly env: LocalEnvironment;

  constructor(options: PoolOptions = {}) {
    const lingerMs = options.lingerMs ?? DEFAULT_LINGER_MS;
    this.shells = new SharedPool(lingerMs);
    this.jumps = new SharedPool(lingerMs);
    this.env = { ...readLocalEnvironment(), ...options.env };
  }

  /** A shell on the host, over the connection that is open or a new one. */
  async acquire(connection: HostConnection, options: AcquireOptions = {}): Promise<ShellLease> {
    const target = await resolveTarget(connection, this.env);
    const open = (signal: AbortSignal): Promise<HostShell> =>
      openTargetShell(target, this.context(signal, options.onProgress));
    const { value: shell, release } = await this.shells
      .acquire(targetKey(target), open, options.signal)
      .catch((error: unknown) => {
        throw options.signal?.aborted === true ? cancelledError(target) : error;
      });
    return {
      label: target.label,
      lost: shell.lost,
      run: (command) => shell.run(command),
      release,
      close: () => {
        release();
        return Promise.resolve();
      },
    };
  }

  /** Closes all connections, also those in use: their commands fail with `connection-lost`. */
  async closeAll(): Promise<void> {
    await this.shells.closeAll();
    await this.jumps.closeAll();
  }

  private context(signal: AbortSignal, onProgress: ((text: string) => void) | undefined): OpenContext {
    const leaseJump = (jump: Target): ReturnType<OpenContext["leaseJump"]> =>
      this.jumps.acquire(targetKey(jump), (inner) => openLink(jump, this.context(inner, onProgress)), signal);
    return { keys: this.keys, signal, onProgress, leaseJump };
  }
}
