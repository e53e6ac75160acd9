import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";
import { CHECKS, runScriptStage } from "./setup/stages.mjs";

await exitWith(async () => {
  await ensureDependencies();
  for (const script of CHECKS) {
    const { failed } = await runScriptStage(script);
    if (failed > 0) return 1;
  }
  return 0;
});
