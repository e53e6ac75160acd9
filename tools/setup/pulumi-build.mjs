import { join } from "node:path";
import { findCommand, hashInputs, repositoryRoot } from "./folders.mjs";
import { sayHeading, withProgress } from "./output.mjs";
import { capture, runByLine } from "./process.mjs";

/** The version that tools/pulumi-cli/go.mod names. */
export const PULUMI_VERSION = "v3.259.0";

const MODULE = join(repositoryRoot, "tools", "pulumi-cli");
const PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
const TAGS = ["-tags", "osusergo,grpcnotrace"];
const FLAGS = ["-trimpath", ...TAGS, "-ldflags", `-s -w -X ${VERSION_VARIABLE}=${PULUMI_VERSION}`];
const ENVIRONMENT = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off" };

/** A key that changes with everything that decides what is built. */
export function hashBuild() {
  const files = ["go.mod", "go.sum"].map((name) => join(MODULE, name));
  return hashInputs({ files, words: [...FLAGS, process.platform, process.arch] });
}

/** Builds the CLI from its Go modules, as the file `output`. */
export async function buildPulumi(output) {
  const go = await findGo();
  sayHeading(`building the Pulumi CLI ${PULUMI_VERSION} from Go modules (once; about 5 minutes on two cores)`);
  const total = await countPackages(go);
  const seen = { packages: 0, modules: 0, last: [] };
  const exitCode = await withProgress(
    (elapsed) =>
      `  ${elapsed}: ${seen.packages} of at most ${total} packages compiled, ${seen.modules} modules fetched`,
    () =>
      runByLine([go, "build", "-v", ...FLAGS, "-o", output, PACKAGE], { ...options(), onLine: (l) => note(seen, l) }),
  );
  if (exitCode !== 0) throw new Error(`building the Pulumi CLI failed:\n${seen.last.join("\n")}`);
}

function options() {
  return { cwd: MODULE, env: { ...process.env, ...ENVIRONMENT } };
}

function note(seen, line) {
  if (line.startsWith("go: downloading ")) seen.modules += 1;
  else seen.packages += 1;
  seen.last = [...seen.last.slice(-19), line];
}

async function countPackages(go) {
  const seen = { packages: 0, modules: 0, last: [] };
  const list = [go, "list", "-deps", "-f", "{{.ImportPath}}", ...TAGS, PACKAGE];
  const exitCode = await withProgress(
    (elapsed) => `  ${elapsed}: ${seen.modules} modules fetched`,
    () => runByLine(list, { ...options(), onLine: (line) => note(seen, line) }),
  );
  if (exitCode !== 0) throw new Error(`fetching the Pulumi CLI's Go modules failed:\n${seen.last.join("\n")}`);
  return seen.packages;
}

/** Go decides by itself whether it may build this module, and may fetch a newer Go for it; its answer is passed on. */
async function findGo() {
  const go = findCommand("go", ["/usr/local/go/bin"]);
  if (go === undefined) throw new Error(describeNeed("there is no Go on PATH"));
  const { exitCode, stdout, stderr } = await capture([go, "list", "-m"], options());
  if (exitCode !== 0) throw new Error(describeNeed(`${go} refused the module: ${(stderr || stdout).trim()}`));
  return go;
}

function describeNeed(cause) {
  return [
    `There is no Pulumi CLI that can be used, and none can be built: ${cause}.`,
    "Do one of these and run again:",
    "  - install the Pulumi CLI, 3.216 or newer (https://www.pulumi.com/docs/install/), and have it on PATH;",
    "  - install Go 1.25.11 or newer (https://go.dev/dl/), and have it on PATH.",
  ].join("\n");
}
