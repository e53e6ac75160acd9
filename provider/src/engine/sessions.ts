import { HostSession } from "../host/session";
import { readHostSettings, type HostConnection } from "../model/connection";
import type { ShellPool } from "../transport/pool";
import { stableText } from "./wire";

/** The hosts of one process, each with one session. */
export class Sessions {
  private readonly pool: ShellPool;
  private readonly sessions = new Map<string, HostSession>();

  constructor(pool: ShellPool) {
    this.pool = pool;
  }

  /** The session of a host; two ways to write the same connection are the same host. */
  open(connection: HostConnection): HostSession {
    const key = stableText(readHostSettings(connection));
    let session = this.sessions.get(key);
    if (session === undefined) {
      session = new HostSession(connection, this.pool);
      this.sessions.set(key, session);
    }
    return session;
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.pool.closeAll();
  }
}
