import { ensureBuild } from "../setup/build.mjs";
import { ensurePulumi } from "../setup/pulumi.mjs";

/**
 * Gives the tests that run a real engine what they need: the compiled package, which the provider process loads, and the
 * folder of a Pulumi CLI. The default export is what jest asks of such a file.
 */
export default async function preparePulumi() {
  await ensureBuild();
  process.env.PASSTHROUGH_PULUMI ??= await ensurePulumi();
}
