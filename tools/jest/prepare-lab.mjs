import { ensureLabImages } from "../setup/lab-image.mjs";
import preparePulumi from "./prepare-pulumi.mjs";

/** Gives the tests on a real machine its disks, beside what the engine needs. The default export is what jest asks for. */
export default async function prepareLab() {
  await preparePulumi();
  await ensureLabImages();
}
