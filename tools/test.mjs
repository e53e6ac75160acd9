import { ensureBuild } from "./setup/build.mjs";
import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";
import { listKinds, runTests } from "./setup/jest.mjs";
import { ensurePulumi } from "./setup/pulumi.mjs";
import { CHECKS, close, hasFailed, runScriptStage, runStage } from "./setup/stages.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";

/** Everything is run even when something fails, so that one run tells all; without dependencies or a build nothing can. */
await exitWith(async () => {
  const tallies = [await runStage("npm dependencies", ensureDependencies)];
  if (hasFailed(tallies)) return close(tallies);
  tallies.push(await runStage("system packages", () => ensureSystemPackages("tests")));
  tallies.push(await runStage("Pulumi CLI", preparePulumi));
  for (const script of CHECKS) tallies.push(await runScriptStage(script));

  const build = await runStage("build", ensureBuild);
  tallies.push(build);
  if (hasFailed([build])) return close(tallies);
  for (const kind of listKinds()) tallies.push(await runStage(`tests/${kind}`, () => runTests(kind)));
  return close(tallies);
});

async function preparePulumi() {
  process.env.PASSTHROUGH_PULUMI ??= await ensurePulumi();
}
