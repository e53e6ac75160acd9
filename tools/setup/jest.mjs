import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "./folders.mjs";
import { run } from "./process.mjs";
import { FAILED } from "./stages.mjs";

/** The kinds of test, cheapest first. One that is not named here runs last; the lab has a command of its own. */
const ORDER = ["unit", "lifecycle", "ssh", "cli", "page", "pulumi", "examples"];

/** jest ends a test that waits too long, but not one that never gives its thread back: then the kind as a whole is ended. */
const KIND_TIMEOUT_MS = 55 * 60_000;
const LAB_TIMEOUT_MS = 120 * 60_000;

/** Lists the folders of tests/ that hold tests, without the lab, in the order in which they run. */
export function listKinds() {
  const tests = join(repositoryRoot, "tests");
  const folders = readdirSync(tests, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const kinds = folders.map(({ name }) => name).filter((kind) => kind !== "lab" && holdsTests(join(tests, kind)));
  return [...ORDER.filter((kind) => kinds.includes(kind)), ...kinds.filter((kind) => !ORDER.includes(kind)).sort()];
}

function holdsTests(folder) {
  return readdirSync(folder, { recursive: true }).some((file) => String(file).endsWith(".test.ts"));
}

/** Runs one kind of test and counts what passed and failed. */
export async function runTests(kind, options = [], timeoutMs = kind === "lab" ? LAB_TIMEOUT_MS : KIND_TIMEOUT_MS) {
  const folder = await mkdtemp(join(tmpdir(), "passthrough-tests-"));
  try {
    const report = join(folder, "report.json");
    const jest = join(repositoryRoot, "node_modules", "jest", "bin", "jest.js");
    const argv = [process.execPath, jest, "--selectProjects", kind, "--json", "--outputFile", report, ...options];
    const exitCode = await run(argv, { cwd: repositoryRoot, timeoutMs });
    return existsSync(report) ? readTally(JSON.parse(await readFile(report, "utf8")), exitCode) : FAILED;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that could not be loaded has no failed tests to count, so it counts as one; so does a failure that jest only tells. */
function readTally(report, exitCode) {
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return { passed: report.numPassedTests, failed: exitCode === 0 ? failed : Math.max(failed, 1) };
}
