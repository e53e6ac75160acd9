import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The modules of the page's script in the order of their imports: each one uses only those before it. */
export const MODULES = [
  "elements",
  "words",
  "icons",
  "state",
  "facts",
  "nodes",
  "columns",
  "grid",
  "marks",
  "picture",
  "tree",
  "search",
  "details",
  "table",
  "theme",
  "hosts",
  "main",
];

const IMPORT = /^import [^;]*;\n/gm;
const EXPORT = /^export (?=function|const|class)/gm;

/** Script and style sheet of the page. The script is one module, because a page without a server cannot load others. */
export async function readAssets(): Promise<{ readonly script: string; readonly style: string }> {
  const modules = await Promise.all(MODULES.map((name) => readAsset(`${name}.mjs`)));
  const script = modules.map((text) => text.replace(IMPORT, "").replace(EXPORT, "")).join("\n");
  return { script, style: await readAsset("page.css") };
}

function readAsset(name: string): Promise<string> {
  return readFile(join(__dirname, "browser", name), "utf8");
}
