import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Version of this package. */
export function readVersion(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const manifest = readManifest(join(folder, "package.json"));
    if (manifest?.name === "pulumi-passthrough") return manifest.version;
    if (folder === dirname(folder)) throw new Error(`no package.json of pulumi-passthrough above ${__dirname}`);
  }
}

function readManifest(path: string): { readonly name: string; readonly version: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { name: string; version: string };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
