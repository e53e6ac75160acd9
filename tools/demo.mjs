import { ensureBuild } from "./setup/build.mjs";
import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";
import { ensurePulumi } from "./setup/pulumi.mjs";

await exitWith(async () => {
  await ensureDependencies();
  await ensureBuild();
  process.env.PASSTHROUGH_PULUMI ??= await ensurePulumi();
  const { main } = await import("./demo/main.mjs");
  return main({ pulumiRoot: process.env.PASSTHROUGH_PULUMI, words: process.argv.slice(2) });
});
