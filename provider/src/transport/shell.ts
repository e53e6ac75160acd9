import type { HostConnection } from "../model/connection";
import { ChannelSlots } from "./channel-slots";
import { runCommand } from "./command";
import { type LocalEnvironment, readLocalEnvironment } from "./environment";
import { connectLink } from "./connect";
import type { Link } from "./link";
import { KeyRing } from "./private-key";
import type { CommandResult, RemoteCommand, RemoteShell } from "./remote-shell";
import { resolveTarget, type Target } from "./target";

export type { CommandResult, RemoteCommand, RemoteShell };

/** A shell that also tells when its connection is gone. */
export interface HostShell extends RemoteShell {
  readonly lost: AbortSignal;
}

/** What opening a shell may be told. */
export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears of attempts that failed and are repeated. */
  readonly onProgress?: ((text: string) => void) | undefined;
  /** In place of this machine's home, user and variables; for tests. */
  readonly env?: Partial<LocalEnvironment> | undefined;
}

/** A connection that others may use too, and what to do when it is no longer needed. */
export interface LinkLease {
  readonly value: Link;
  release(): void | Promise<void>;
}

/** What shells of one pool share. */
export interface OpenContext {
  readonly keys: KeyRing;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((text: string) => void) | undefined;
  /** Connects to a jump host. */
  readonly leaseJump: (jump: Target) => Promise<LinkLease>;
}

/** Connects to a host over a connection of its own. */
export async function openShell(connection: HostConnection, options: OpenOptions = {}): Promise<HostShell> {
  const target = await resolveTarget(connection, { ...readLocalEnvironment(), ...options.env });
  const context: OpenContext = {
    keys: new KeyRing(),
    signal: options.signal,
    onProgress: options.onProgress,
    leaseJump: async (jump) => {
      const link = await openLink(jump, context);
      return { value: link, release: () => link.close() };
    },
  };
  return openTargetShell(target, context);
}

/** Connects to a target whose settings are all decided. */
export async function openTargetShell(target: Target, context: OpenContext): Promise<HostShell> {
  return new SshShell(await openLink(target, context));
}

/** Connects to a target, by way of its jump hosts; they are let go when the connection ends. */
export async function openLink(target: Target, context: OpenContext): Promise<Link> {
  const jump = target.via === undefined ? undefined : await context.leaseJump(target.via);
  try {
    const { keys, signal, onProgress } = context;
    const link = await connectLink(target, { keys, signal, onProgress, via: jump?.value });
    link.lost.addEventListener("abort", () => void jump?.release(), { once: true });
    return link;
  } catch (error) {
    await jump?.release();
    throw error;
  }
}

class SshShell implements HostShell {
  readonly label: string;
  readonly lost: AbortSignal;
  private readonly link: Link;
  private readonly slots: ChannelSlots;

  constructor(link: Link) {
    this.label = link.target.label;
    this.lost = link.lost;
    this.link = link;
    this.slots = new ChannelSlots(link.maxCommands);
  }

  run(command: RemoteCommand): Promise<CommandResult> {
    return runCommand(this.link, this.slots, command);
  }

  close(): Promise<void> {
    return this.link.close();
  }
}
