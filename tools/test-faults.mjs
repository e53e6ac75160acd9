import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureDependencies } from "./setup/dependencies.mjs";
import { exitWith } from "./setup/exit.mjs";
import { runTests } from "./setup/jest.mjs";
import { ensureLabImages } from "./setup/lab-image.mjs";
import { say } from "./setup/output.mjs";
import { ensurePulumi } from "./setup/pulumi.mjs";
import { close, hasFailed, runStage } from "./setup/stages.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";

/** Every fault at every step takes hours; a host at a time. */
const HOSTS = ["grub-bios", "grub-uefi", "systemd-boot"];
const HOST_TIMEOUT_MS = 24 * 60 * 60_000;

await exitWith(async () => {
  const setUp = await runStage("set-up", prepare);
  if (hasFailed([setUp])) return close([setUp]);
  const hasNames = process.argv.length > 2;
  const tallies = hasNames ? [] : [await runStage("tests/lab: trials and persistence", runLongSuites)];
  // Words on the command line choose cases by their titles, as jest does: `npm run test:faults -- "grub-bios, apply"`.
  for (const name of hasNames ? process.argv.slice(2) : HOSTS) {
    const options = ["--runInBand", "--verbose", "--testNamePattern", name, "tests/lab/faults"];
    tallies.push(await runStage(`tests/lab/faults: ${name}`, () => runTests("lab", options, HOST_TIMEOUT_MS)));
  }
  return close(tallies);
});

function runLongSuites() {
  return runTests("lab", ["--runInBand", "--verbose", "tests/lab/trial.test.ts", "tests/lab/persistence.test.ts"]);
}

async function prepare() {
  await ensureDependencies();
  await ensureSystemPackages("lab");
  process.env.PASSTHROUGH_PULUMI ??= await ensurePulumi();
  await ensureLabImages();
  process.env.PASSTHROUGH_FAULTS = "all";
  process.env.PASSTHROUGH_FAULT_REPORT ??= join(tmpdir(), `passthrough-faults-${Date.now()}.jsonl`);
  const report = process.env.PASSTHROUGH_FAULT_REPORT;
  say(
    `results go to ${report}; with PASSTHROUGH_FAULT_REPORT=${report} the next run leaves out what went well in this one`,
  );
}
