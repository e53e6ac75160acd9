/** A script for `sh` on the host. Its commands have nothing on their standard input. */
export interface RemoteCommand {
  readonly script: string;
  /** Default: the connection's commandTimeoutSeconds. */
  readonly timeoutMs?: number;
  /** Bound of both outputs together; default 64 MiB. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
  /** Hears each line of the standard output as soon as it is whole, and at the end what is left. */
  readonly onLine?: (line: string) => void;
}

/** What a command left behind; the exit code is undefined when a signal ended it. */
export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A host that commands can be run on. */
export interface RemoteShell {
  /** The host's name for messages. */
  readonly label: string;
  /** Runs a script; any exit code is a result, only a failure to run it is an error (`TransportError`). */
  run(command: RemoteCommand): Promise<CommandResult>;
  close(): Promise<void>;
}
