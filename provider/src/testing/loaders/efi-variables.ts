import type { HostFiles } from "../root/host-files";

/** Vendor of the variables of the Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE). */
const VENDOR = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

function pathOf(name: string): string {
  return `/sys/firmware/efi/efivars/${name}-${VENDOR}`;
}

/** Sets a variable to a text, as efivarfs shows it: four bytes of attributes, UTF-16, a zero. */
export function setVariable(files: HostFiles, name: string, text: string): void {
  setRaw(files, name, Buffer.from(`${text}\0`, "utf16le"));
}

/** Sets `LoaderFeatures`: 64 bits, the lowest byte first. */
export function setFeatures(files: HostFiles, bits: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(bits, 0);
  setRaw(files, "LoaderFeatures", bytes);
}

function setRaw(files: HostFiles, name: string, bytes: Buffer): void {
  files.write(pathOf(name), Buffer.concat([Buffer.from([6, 0, 0, 0]), bytes]));
}

export function readVariable(files: HostFiles, name: string): string | undefined {
  const bytes = files.readBytesIfThere(pathOf(name));
  return bytes?.subarray(4).toString("utf16le").replace(/\0.*$/s, "");
}

export function removeVariable(files: HostFiles, name: string): void {
  files.remove(pathOf(name));
}
