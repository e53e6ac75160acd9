import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";
import { runTests } from "./setup/jest.mjs";
import { ensureLabImages } from "./setup/lab-image.mjs";
import { say } from "./setup/output.mjs";
import { ensurePulumi } from "./setup/pulumi.mjs";
import { close, hasFailed, runStage } from "./setup/stages.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";

/** Suites that reboot a host again and again; `npm run test:faults` has them beside its full loop. */
const LONG = ["tests/lab/trial.test.ts", "tests/lab/persistence.test.ts"];

await exitWith(async () => {
  const setUp = await runStage("set-up", prepare);
  if (hasFailed([setUp])) return close([setUp]);
  say(`not run here: ${LONG.join(", ")}, and faults in trials, confirmations and persistence`);
  say("they take long; npm run test:faults runs them");
  // Two emulated machines at a time: each waits more than it works, for time-outs, disks and the other end of a connection.
  const options = ["--maxWorkers=2", "--testPathIgnorePatterns", ...LONG];
  return close([await runStage("tests/lab", () => runTests("lab", options))]);
});

async function prepare() {
  await ensureDependencies();
  await ensureSystemPackages("lab");
  process.env.PASSTHROUGH_PULUMI ??= await ensurePulumi();
  await ensureLabImages();
}
