import { unlessAborted } from "./abort";

/** Something that can be used side by side, may be lost at any time, and costs something to keep. */
export interface Shareable {
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/** A user's hold on a shared thing. */
export interface Lease<T> {
  readonly value: T;
  /** Lets go; the second call does nothing. */
  readonly release: () => void;
}

interface Entry<T> {
  readonly opening: Promise<T>;
  readonly cancel: AbortController;
  users: number;
  linger: NodeJS.Timeout | undefined;
}

/** Keeps one thing a key, opened by the first who wants it, closed some time after the last has let go. */
export class SharedPool<T extends Shareable> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly lingerMs: number;

  constructor(lingerMs: number) {
    this.lingerMs = lingerMs;
  }

  /**
   * Takes what is open under the key, or opens it. Who waits may give up: a connection that nobody waits for any more
   * is closed like any idle one.
   */
  async acquire(key: string, open: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<Lease<T>> {
    const entry = this.entries.get(key) ?? this.add(key, open);
    entry.users += 1;
    clearTimeout(entry.linger);
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.release(key, entry);
      isHeld = false;
    };
    try {
      return { value: await (signal === undefined ? entry.opening : unlessAborted(entry.opening, signal)), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Closes everything, also what is in use. */
  async closeAll(): Promise<void> {
    const entries = [...this.entries];
    await Promise.all(entries.map(([key, entry]) => this.close(key, entry)));
  }

  private add(key: string, open: (signal: AbortSignal) => Promise<T>): Entry<T> {
    const cancel = new AbortController();
    const entry: Entry<T> = { opening: open(cancel.signal), cancel, users: 0, linger: undefined };
    this.entries.set(key, entry);
    const forget = (): void => {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      clearTimeout(entry.linger);
    };
    entry.opening.then((value) => {
      if (value.lost.aborted) forget();
      else value.lost.addEventListener("abort", forget, { once: true });
    }, forget);
    return entry;
  }

  private release(key: string, entry: Entry<T>): void {
    entry.users -= 1;
    if (entry.users > 0 || this.entries.get(key) !== entry) return;
    entry.linger = setTimeout(() => void this.close(key, entry), this.lingerMs);
    entry.linger.unref();
  }

  private async close(key: string, entry: Entry<T>): Promise<void> {
    if (this.entries.get(key) === entry) this.entries.delete(key);
    clearTimeout(entry.linger);
    entry.cancel.abort();
    const value = await entry.opening.catch(() => undefined);
    await value?.close();
  }
}
