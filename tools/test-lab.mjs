import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";
import { runTests } from "./setup/jest.mjs";
import { ensureLabImage } from "./setup/lab-image.mjs";
import { ensurePulumi } from "./setup/pulumi.mjs";
import { close, hasFailed, runStage } from "./setup/stages.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";

await exitWith(async () => {
  const setUp = await runStage("set-up", prepare);
  if (hasFailed([setUp])) return close([setUp]);
  // One emulated machine at a time: each keeps two cores busy while it boots.
  return close([await runStage("tests/lab", () => runTests("lab", ["--runInBand"]))]);
});

async function prepare() {
  await ensureDependencies();
  await ensureSystemPackages("lab");
  process.env.PASSTHROUGH_PULUMI ??= await ensurePulumi();
  process.env.PASSTHROUGH_LAB ??= await ensureLabImage();
}
