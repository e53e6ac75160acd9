import { findInitramfsTool, listReleases } from "../boot/initramfs";
import { findBootLoader } from "../boot/loaders/detect";
import type { BootChange } from "../boot/loaders/loader";
import type { HostFacts } from "../host-facts";
import { NO_WISHES, wantIommuWords } from "../iommu/wanted-words";
import type { SurveyedBoot } from "./survey";

/** What decides how the host boots, and whether its command line can be changed. */
export function surveyBoot(facts: HostFacts): SurveyedBoot {
  return { ...findLoader(facts), initramfsTool: nameInitramfsTool(facts), kernels: listReleases(facts) };
}

/** What a HostIommuConfig without further wishes would change of the next boot; undefined where it would be refused. */
export function surveyBootChange(facts: HostFacts): BootChange | undefined {
  const edit = wantIommuWords(facts, NO_WISHES);
  const loader = findBootLoader(facts, "auto", edit);
  const change = "refused" in loader ? loader : loader.plan(facts.boot, edit, []);
  return "refused" in change ? undefined : change;
}

/** The loader is asked for the very change that a HostIommuConfig would make, as far as the host needs one. */
function findLoader(facts: HostFacts): Pick<SurveyedBoot, "loader" | "problem"> {
  const edit = wantIommuWords(facts, NO_WISHES);
  const loader = findBootLoader(facts, "auto", edit);
  if ("refused" in loader) return { loader: "unknown", problem: loader.refused };
  const change = loader.plan(facts.boot, edit, []);
  return { loader: loader.name, problem: "refused" in change ? change.refused : "" };
}

function nameInitramfsTool(facts: HostFacts): SurveyedBoot["initramfsTool"] {
  const known = findInitramfsTool(facts)?.kind;
  if (known !== undefined) return known;
  return facts.boot.tools["mkinitcpio"] === undefined ? "unknown" : "mkinitcpio";
}
