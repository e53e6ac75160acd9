import { ensureBuild } from "./setup/build.mjs";
import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";

await exitWith(async () => {
  await ensureDependencies();
  await ensureBuild();
  return 0;
});
