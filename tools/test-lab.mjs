import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";
import { runTests } from "./setup/jest.mjs";
import { ensureLabImages } from "./setup/lab-image.mjs";
import { ensurePulumi } from "./setup/pulumi.mjs";
import { close, hasFailed, runStage } from "./setup/stages.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";

await exitWith(async () => {
  const setUp = await runStage("set-up", prepare);
  if (hasFailed([setUp])) return close([setUp]);
  // Two emulated machines at a time: each waits more than it works, for time-outs, disks and the other end of a connection.
  return close([await runStage("tests/lab", () => runTests("lab", ["--maxWorkers=2"]))]);
});

async function prepare() {
  await ensureDependencies();
  await ensureSystemPackages("lab");
  process.env.PASSTHROUGH_PULUMI ??= await ensurePulumi();
  await ensureLabImages();
}
