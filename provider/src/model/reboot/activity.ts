/** Who and what a reboot of the host would disturb. */
export interface ActivityFacts {
  readonly sessions: readonly LoginSession[];
  /** Inhibitors of systemd that block a shutdown. */
  readonly inhibitors: readonly Inhibitor[];
  readonly packageManagers: readonly PackageManager[];
}

/** Somebody at a terminal or desktop of the host; our own connections have none. */
export interface LoginSession {
  readonly user: string;
  /** `pts/0`, `tty1`, or words for what logind does not name. */
  readonly terminal: string;
  /** Where the session comes from; absent for one at the console. */
  readonly from?: string;
  /** Beginning, in milliseconds since 1970; absent when it is not known. */
  readonly sinceMs?: number;
}

/** A program that asks systemd to wait with a shutdown until it has ended. */
export interface Inhibitor {
  readonly pid: string;
  readonly who: string;
  readonly why: string;
}

/** A process that holds the lock of a package manager. */
export interface PackageManager {
  readonly pid: string;
  readonly name: string;
  /** Absolute path of the lock that it holds. */
  readonly lock: string;
}

export const NO_ACTIVITY: ActivityFacts = { sessions: [], inhibitors: [], packageManagers: [] };

/** A session in words: who, where, from where, since when. */
export function describeSession({ user, terminal, from, sinceMs }: LoginSession): string {
  const since =
    sinceMs === undefined ? "" : ` since ${new Date(sinceMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `${user} on ${terminal}${from === undefined ? "" : ` from ${from}`}${since}`;
}

/** An inhibitor in words. */
export function describeInhibitor({ pid, who, why }: Inhibitor): string {
  return `${who === "" ? "a program" : who} (process ${pid}): ${why === "" ? "no reason given" : why}`;
}

/** A package manager at work in words. */
export function describePackageManager({ pid, name, lock }: PackageManager): string {
  return `${name} (process ${pid}, holds ${lock})`;
}
