import type { Change } from "../model/change";
import type { HostConnection } from "../model/connection";
import { describeHost } from "../model/connection";
import type { HostFacts } from "../model/host-facts";
import type { ShellPool } from "../transport/pool";
import { rebootHost, type RebootRequest } from "./reboot";
import { readSnapshot, takeSnapshot, type RawSnapshot } from "./snapshot/take";
import type { TransactionReport } from "./transaction/report";
import { runTransaction } from "./transaction/run";

/** What long work says while it goes on. */
export type Progress = (text: string) => void;

/** Longest snapshot, beyond which a host counts as hung. */
const SNAPSHOT_TIMEOUT_MS = 120_000;

/**
 * One host during one run of the provider: its newest facts, and the only door to changes. Snapshots are shared by all
 * resources of the host; changes of one host run one after another.
 */
export class HostSession {
  readonly label: string;
  private readonly connection: HostConnection;
  private readonly pool: ShellPool;
  private newest: Promise<HostFacts> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private hasChangedHost = false;

  constructor(connection: HostConnection, pool: ShellPool) {
    this.label = describeHost(connection);
    this.connection = connection;
    this.pool = pool;
  }

  /** Newest facts; the first call reads the host. */
  facts(): Promise<HostFacts> {
    this.newest ??= this.forgetOnFailure(this.read());
    return this.newest;
  }

  /** Takes over what the program read side by side, unless this session knows better: it changed or read the host itself. */
  adopt(raw: RawSnapshot): void {
    if (this.hasChangedHost || this.newest !== undefined) return;
    this.newest = this.forgetOnFailure(Promise.resolve().then(() => readSnapshot(this.label, raw)));
  }

  /** Runs a change and keeps the facts that it read back. */
  change(change: Change, timeoutMs: number, progress: Progress): Promise<TransactionReport> {
    return this.exclusively(async () => {
      this.hasChangedHost = true;
      this.newest = undefined;
      const report = await this.withShell((shell) =>
        runTransaction(shell, change, {
          timeoutMs,
          onStep: (step) => {
            progress(`${this.label}: ${step}`);
          },
        }),
      );
      this.newest = Promise.resolve(report.facts);
      return report;
    });
  }

  /** Reboots the host, waits until it is back with another boot id, and returns its facts. */
  reboot(request: RebootRequest, progress: Progress): Promise<HostFacts> {
    return this.exclusively(async () => {
      this.hasChangedHost = true;
      this.newest = undefined;
      const facts = await rebootHost(this.label, request, {
        run: (script) => this.withShell((shell) => shell.run({ script, timeoutMs: SNAPSHOT_TIMEOUT_MS })),
        read: () => this.read(),
        progress,
      });
      this.newest = Promise.resolve(facts);
      return facts;
    });
  }

  private async read(): Promise<HostFacts> {
    return this.withShell(async (shell) => {
      const raw = await takeSnapshot(shell, { timeoutMs: SNAPSHOT_TIMEOUT_MS });
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

  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work, work);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** A failed read is not remembered: the next resource asks again. */
  private forgetOnFailure(reading: Promise<HostFacts>): Promise<HostFacts> {
    reading.catch(() => {
      if (this.newest === reading) this.newest = undefined;
    });
    return reading;
  }
}
