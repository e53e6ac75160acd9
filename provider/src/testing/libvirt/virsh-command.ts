import type { Libvirt } from "./daemon";

/** A virsh command with its options taken apart. */
export interface VirshRequest {
  readonly command: string;
  readonly options: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  /** Words that are no options, in order. */
  readonly operands: readonly string[];
  /** Folder that virsh ran in. */
  readonly folder: string;
  /** Whether virsh was told to leave out headers and remarks. */
  readonly isQuiet: boolean;
}

/** What a command prints: text that scripts read, and a remark that `-q` leaves out. */
export interface VirshOutput {
  readonly text?: string;
  readonly remark?: string;
}

/** A command of virsh: what it does, and the line above libvirt's own when it fails. */
export interface VirshCommand {
  readonly run: (libvirt: Libvirt, request: VirshRequest) => VirshOutput;
  readonly failure?: (request: VirshRequest) => string;
}
