import { HostSession, type SharedHost } from "../host/session";
import { readHostSettings, type HostConnection } from "../model/connection";
import { SYSTEM_URI } from "../model/libvirt/connect-uri";
import { stableText } from "../model/stable-text";
import type { ShellPool } from "../transport/pool";

/** The hosts of one process, each with one session for each libvirt that is asked. */
export class Sessions {
  private readonly pool: ShellPool;
  private readonly hosts = new Map<string, SharedHost>();
  private readonly sessions = new Map<string, HostSession>();

  constructor(pool: ShellPool) {
    this.pool = pool;
  }

  /** The session of a host; two ways to write the same connection are the same host. */
  open(connection: HostConnection, connectUri: string = SYSTEM_URI): HostSession {
    const hostKey = stableText(readHostSettings(connection));
    const key = `${connectUri} ${hostKey}`;
    const session = this.sessions.get(key) ?? new HostSession(connection, connectUri, this.pool, this.share(hostKey));
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
