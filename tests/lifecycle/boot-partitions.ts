import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { readBootFiles } from "./hosts";

/** Boot files, and what lies on boot partitions that are mounted elsewhere or not at all. */
export function readAllBootFiles(host: SimulatedHost): Record<string, string> {
  const files = readBootFiles(host);
  for (const folder of ["dev/disk/by-uuid", "efi"].filter((name) => host.exists(`/${name}`))) {
    for (const entry of readdirSync(join(host.root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files[path.slice(host.root.length)] = readFileSync(path, "latin1");
    }
  }
  return files;
}
