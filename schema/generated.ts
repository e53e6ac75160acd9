import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fillTables } from "./doc-tables";
import { renderPackageSchema } from "./package-schema";

const REPOSITORY = join(__dirname, "..");

/** Folders that hold pages, searched to their bottom. */
const PAGE_FOLDERS = ["docs", "provider/src"];

/** A file and the text that it should have. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Every file that is made from the code as a whole or in part. */
export function listGenerated(): GeneratedFile[] {
  const pages = listPages().map((path) => ({ path, text: fillTables(readFileSync(path, "utf8")) }));
  return [{ path: join(REPOSITORY, "schema/schema.json"), text: renderPackageSchema() }, ...pages];
}

/** Absolute paths of all pages. */
export function listPages(): string[] {
  const inFolders = PAGE_FOLDERS.flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  const names = [...readdirSync(REPOSITORY), ...inFolders].filter((name) => name.endsWith(".md"));
  return names.sort().map((name) => join(REPOSITORY, name));
}
