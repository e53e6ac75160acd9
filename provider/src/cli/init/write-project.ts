import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../failure";
import type { ProjectFile } from "./render-project";

/** Writes a project into a folder, which is made if need be; nothing at all when one of the files is there already. */
export async function writeProject(folder: string, files: readonly ProjectFile[]): Promise<void> {
  const present = await listPresent(folder, files);
  if (present.length > 0) {
    throw new CommandError({
      cause: `${folder} has ${present.join(", ")} already; nothing was written`,
      next: "Name another folder with --directory, or move the files away",
    });
  }
  try {
    await mkdir(folder, { recursive: true });
    for (const { path, text } of files) await writeFile(join(folder, path), text, { flag: "wx" });
  } catch (error) {
    const cause = `cannot write into ${folder}: ${error instanceof Error ? error.message : String(error)}`;
    throw new CommandError({ cause, next: "Name a folder that may be written with --directory" });
  }
}

async function listPresent(folder: string, files: readonly ProjectFile[]): Promise<string[]> {
  const found = await Promise.all(files.map(async ({ path }) => ((await exists(join(folder, path))) ? [path] : [])));
  return found.flat();
}

/** Anything but the proof that there is nothing counts as there. */
async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}
