import { repositoryRoot } from "./folders.mjs";
import { formatDuration, say, sayHeading } from "./output.mjs";
import { run } from "./process.mjs";

/** The checks that need no test run, fastest refusal first; each is a script in package.json. */
export const CHECKS = ["check:format", "check:lint", "check:walls", "check:types"];

const NOTHING = { passed: 0, failed: 0 };

/** The tally of a stage that failed without saying how many times. */
export const FAILED = { passed: 0, failed: 1 };

/** Whether one of the stages failed. */
export function hasFailed(tallies) {
  return tallies.some((tally) => tally.failed > 0);
}

/**
 * Runs one stage under a heading, tells how long it took, and returns its tally: what the work returned, or nothing counted
 * when it is not a test. An error counts as one failure.
 */
export async function runStage(name, work) {
  sayHeading(name);
  const started = Date.now();
  let tally;
  try {
    tally = (await work()) ?? NOTHING;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    tally = FAILED;
  }
  say(`-- ${name}: ${tally.failed === 0 ? "ok" : "FAILED"}, ${formatDuration(Date.now() - started)}`);
  return tally;
}

/** Runs a script of package.json as a stage. Nothing is counted when it succeeds: only tests are. */
export function runScriptStage(script) {
  return runStage(script, async () => {
    const exitCode = await run(["npm", "run", "--silent", script], { cwd: repositoryRoot });
    return exitCode === 0 ? NOTHING : FAILED;
  });
}

/** Adds tallies up, prints the closing line that other tools read, and returns the exit code. */
export function close(tallies) {
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  say(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
