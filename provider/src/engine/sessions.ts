import { HostSession, type SharedHost } from "../host/session";
import { readHostSettings, type HostConnection } from "../model/connection";
import { readingKey, type ReadingRequest } from "../model/reading";
import { stableText } from "../model/stable-text";
import type { ShellPool } from "../transport/pool";

/** The hosts of one process, each with one session for each kind of reading that is asked for. */
export class Sessions {
  private readonly pool: ShellPool;
  private readonly hosts = new Map<string, SharedHost>();
  private readonly sessions = new Map<string, HostSession>();

  constructor(pool: ShellPool) {
    this.pool = pool;
  }

  /** The session of a host; two ways to write the same connection are the same host. */
  open(connection: HostConnection, request: ReadingRequest = {}): HostSession {
    const hostKey = stableText(readHostSettings(connection));
    const key = `${readingKey(request)} ${hostKey}`;
    const session = this.sessions.get(key) ?? new HostSession(connection, request, this.pool, this.share(hostKey));
    this.sessions.set(key, session);
    return session;
  }

  private share(hostKey: string): SharedHost {
    const shared = this.hosts.get(hostKey) ?? { changes: 0, last: Promise.resolve() };
    this.hosts.set(hostKey, shared);
    return shared;
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.pool.closeAll();
  }
}
