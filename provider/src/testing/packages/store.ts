import type { HostFiles } from "../root/host-files";

/** State of a package: dpkg's letters, where `U` is unpacked and `F` failed to be configured. */
export type PackageState = "i" | "U" | "F";

const FILE = "/var/lib/packages-of-this-host";

/** What is installed, in a file of the host: it survives a power cut as far as it was written. */
export class PackageStore {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  /** State of each package by its name. */
  read(): Map<string, PackageState> {
    const rows = (this.#files.readIfThere(FILE) ?? "").split("\n").filter((row) => row !== "");
    return new Map(rows.map((row) => [row.slice(2), row.slice(0, 1) as PackageState]));
  }

  set(name: string, state: PackageState | undefined): void {
    const all = this.read();
    if (state === undefined) all.delete(name);
    else all.set(name, state);
    this.#files.write(FILE, [...all].map(([one, letter]) => `${letter} ${one}\n`).join(""));
  }
}
