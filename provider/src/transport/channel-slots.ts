/**
 * Counts the commands that run on one connection. sshd allows ten sessions a connection unless told otherwise; when it
 * turns out to allow fewer, the limit comes down.
 */
export class ChannelSlots {
  private limit: number;
  private used = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Waits for a slot, in the order of calls; rejects with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.used < this.limit) {
      this.used += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener("abort", leave);
        this.used += 1;
        resolve();
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.waiting.push(enter);
    });
  }

  /** Gives a slot back. */
  release(): void {
    this.used -= 1;
    this.admit();
  }

  /**
   * Gives back a slot for which the host had no channel, and expects no more than the others from now on. False: there
   * are no others, so waiting for one to finish would help nobody.
   */
  releaseRefused(): boolean {
    this.used -= 1;
    const hasOthers = this.used > 0;
    if (hasOthers) this.limit = Math.min(this.limit, this.used);
    else this.admit();
    return hasOthers;
  }

  private admit(): void {
    while (this.used < this.limit) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      next();
    }
  }
}
