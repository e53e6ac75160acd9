import fs from "node:fs";
import path from "node:path";

/** Unprivileged account that the simulated host's programs run as when the tests run as root. */
const NOBODY = 65534;

/** Account for the simulated host's programs; undefined when the tests already run without privileges. */
export function childAccount(): number | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/** The folder that stands for `/`. Paths are the host's own, absolute or without their first slash. */
export class HostFiles {
  readonly #account = childAccount();
  readonly #folders = new Set<string>();
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    this.makeFolder("/");
  }

  /** Where a path of the host lies on this machine. */
  locate(hostPath: string): string {
    return path.join(this.root, hostPath).replace(/\/$/, "");
  }

  makeFolder(hostPath: string): void {
    const real = this.locate(hostPath);
    if (this.#folders.has(real) || fs.existsSync(real)) return;
    if (real !== this.root) this.makeFolder(path.dirname(hostPath));
    fs.mkdirSync(real);
    this.#own(real);
    this.#folders.add(real);
  }

  write(hostPath: string, text: string | Buffer, mode = 0o644): void {
    this.makeFolder(path.dirname(hostPath));
    const real = this.locate(hostPath);
    fs.writeFileSync(real, text, { mode });
    this.#own(real);
  }

  read(hostPath: string): string {
    return fs.readFileSync(this.locate(hostPath), "utf8");
  }

  /** The text of a file, or undefined when there is none. */
  readIfThere(hostPath: string): string | undefined {
    return this.exists(hostPath) ? this.read(hostPath) : undefined;
  }

  /** The bytes of a file, or undefined when there is none. */
  readBytesIfThere(hostPath: string): Buffer | undefined {
    return this.exists(hostPath) ? fs.readFileSync(this.locate(hostPath)) : undefined;
  }

  exists(hostPath: string): boolean {
    return fs.lstatSync(this.locate(hostPath), { throwIfNoEntry: false }) !== undefined;
  }

  /** Names in a folder, sorted; none for a folder that is not there. */
  list(hostPath: string): string[] {
    const real = this.locate(hostPath);
    return fs.existsSync(real) ? fs.readdirSync(real).sort() : [];
  }

  remove(hostPath: string): void {
    this.#folders.clear();
    fs.rmSync(this.locate(hostPath), { recursive: true, force: true });
  }

  /** Makes a relative symbolic link, as sysfs has them, to another path of the host. */
  link(hostPath: string, target: string): void {
    this.makeFolder(path.dirname(hostPath));
    this.linkText(hostPath, path.relative(path.dirname(this.locate(hostPath)), this.locate(target)));
  }

  /** Makes a symbolic link with exactly this text. */
  linkText(hostPath: string, text: string): void {
    const real = this.locate(hostPath);
    fs.rmSync(real, { force: true });
    fs.symlinkSync(text, real);
    this.#own(real);
  }

  /** Last part of a link's target, or undefined when there is no link. */
  linkName(hostPath: string): string | undefined {
    return this.exists(hostPath) ? path.basename(fs.readlinkSync(this.locate(hostPath))) : undefined;
  }

  /** Takes away or gives back the right to write to a folder or file and all below it. */
  setWritable(hostPath: string, isWritable: boolean): void {
    const real = this.locate(hostPath);
    const stat = fs.lstatSync(real);
    if (stat.isSymbolicLink()) return;
    if (stat.isDirectory())
      for (const name of fs.readdirSync(real)) this.setWritable(path.join(hostPath, name), isWritable);
    fs.chmodSync(real, isWritable ? stat.mode | 0o200 : stat.mode & ~0o222);
  }

  #own(real: string): void {
    if (this.#account !== undefined) fs.lchownSync(real, this.#account, this.#account);
  }
}
