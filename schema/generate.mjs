// Writes schema.json and the tables of the documentation anew; with --check it only says what is out of date.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative, join } from "node:path";
import { transformSync } from "@swc/core";

const require = createRequire(import.meta.url);
const REPOSITORY = join(import.meta.dirname, "..");

// The sources are TypeScript and need no build to be read: types are stripped on the way in.
require.extensions[".ts"] = (module, file) => {
  const { code } = transformSync(readFileSync(file, "utf8"), {
    filename: file,
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
  });
  module._compile(code, file);
};

const { listGenerated } = require("./generated.ts");
const isCheck = process.argv.includes("--check");
for (const { path, text } of listGenerated()) {
  if (text === readText(path)) continue;
  const name = relative(REPOSITORY, path);
  if (isCheck) process.exitCode = 1;
  else writeFileSync(path, text);
  console.log(isCheck ? `${name} is out of date; run node schema/generate.mjs` : `wrote ${name}`);
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
