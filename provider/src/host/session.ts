import type { Change } from "../model/change";
import type { HostConnection } from "../model/connection";
import { describeHost } from "../model/connection";
import type { HostFacts } from "../model/host-facts";
import type { ReadingRequest } from "../model/reading";
import type { ShellPool } from "../transport/pool";
import { rebootHost, type RebootRequest } from "./reboot";
import { readingTimeoutMs, readSnapshot, takeSnapshot, type RawSnapshot } from "./snapshot/take";
import type { TransactionReport } from "./transaction/report";
import { runTransaction } from "./transaction/run";

/** What the sessions of one host share: each of them asks for something else, and a change through one concerns all. */
export interface SharedHost {
  /** Counts the beginnings and ends of changes; what was read at another count is old. */
  changes: number;
  /** The last change in the queue: a host is changed by one at a time. */
  last: Promise<unknown>;
}

/** What long work says while it goes on. */
export type Progress = (text: string) => void;

/** Longest start of the domains that were shut down for a reboot. */
const DOMAIN_START_TIMEOUT_MS = 1_500_000;

/**
 * One host during one run of the provider, with what its readings ask for: the newest facts, and the only door to changes.
 * Snapshots are shared by all resources of the host that ask for the same; changes of one host run one after another.
 */
export class HostSession {
  readonly label: string;
  private readonly connection: HostConnection;
  private readonly request: ReadingRequest;
  private readonly pool: ShellPool;
  private readonly shared: SharedHost;
  private newest: { readonly facts: Promise<HostFacts>; readonly changes: number } | undefined;

  constructor(connection: HostConnection, request: ReadingRequest, pool: ShellPool, shared: SharedHost) {
    this.label = describeHost(connection);
    this.connection = connection;
    this.request = request;
    this.pool = pool;
    this.shared = shared;
  }

  /** Newest facts; the first call reads the host. */
  facts(): Promise<HostFacts> {
    const { newest } = this;
    return newest?.changes === this.shared.changes ? newest.facts : this.keep(this.read());
  }

  /** Takes over what the program read side by side, unless we know better: we changed the host, or read it ourselves. */
  adopt(raw: RawSnapshot): void {
    if (this.shared.changes > 0 || this.newest !== undefined) return;
    void this.keep(Promise.resolve().then(() => readSnapshot(this.label, raw)));
  }

  /** Runs a change and keeps the facts that it read back. */
  change(change: Change, timeoutMs: number, progress: Progress): Promise<TransactionReport> {
    return this.exclusively(
      () => this.transact(change, timeoutMs, progress),
      (report) => report.facts,
    );
  }

  /** Reboots the host, waits until it is back with another boot id, and returns its facts. */
  reboot(request: RebootRequest, progress: Progress): Promise<HostFacts> {
    return this.exclusively(
      () =>
        rebootHost(this.label, request, {
          run: (script, limits) => this.withShell((shell) => shell.run({ script, ...limits })),
          change: (change) => this.transact(change, DOMAIN_START_TIMEOUT_MS, progress),
          read: () => this.read(),
          progress,
        }),
      (facts) => facts,
    );
  }

  private transact(change: Change, timeoutMs: number, progress: Progress): Promise<TransactionReport> {
    return this.withShell((shell) =>
      runTransaction(shell, change, {
        timeoutMs,
        request: this.request,
        onStep: (step) => {
          progress(`${this.label}: ${step}`);
        },
      }),
    );
  }

  private async read(): Promise<HostFacts> {
    return this.withShell(async (shell) => {
      const raw = await takeSnapshot(shell, { timeoutMs: readingTimeoutMs(this.request), ...this.request });
      return readSnapshot(shell.label, raw);
    });
  }

  private async withShell<T>(use: (shell: Awaited<ReturnType<ShellPool["acquire"]>>) => Promise<T>): Promise<T> {
    const shell = await this.pool.acquire(this.connection);
    try {
      return await use(shell);
    } finally {
      shell.release();
    }
  }

  /** Runs work that changes the host, after all that was asked for earlier, and keeps what it read at its end. */
  private exclusively<T>(work: () => Promise<T>, factsOf: (result: T) => HostFacts): Promise<T> {
    const result = this.shared.last.then(async () => {
      const value = await this.changing(work);
      void this.keep(Promise.resolve(factsOf(value)));
      return value;
    });
    this.shared.last = result.catch(() => undefined);
    return result;
  }

  /** Whoever reads while the change goes on reads something half done, so it counts at both ends, failed or not. */
  private async changing<T>(work: () => Promise<T>): Promise<T> {
    this.shared.changes++;
    try {
      return await work();
    } finally {
      this.shared.changes++;
    }
  }

  /** Keeps a reading until the host changes. A failed one is not remembered: the next resource asks again. */
  private keep(facts: Promise<HostFacts>): Promise<HostFacts> {
    const reading = { facts, changes: this.shared.changes };
    this.newest = reading;
    facts.catch(() => {
      if (this.newest === reading) this.newest = undefined;
    });
    return facts;
  }
}
