import { createHash } from "node:crypto";
import type { HostFacts } from "../model/host-facts";
import { stableText } from "../model/stable-text";
import type { CommonInputs, Definition, JsonObject, Planned } from "./definition";

/** The output `plan`: the same for the same host and inputs, whenever it is made. */
export function renderPlan<Inputs extends CommonInputs, State extends JsonObject>(
  definition: Definition<Inputs, State>,
  inputs: Inputs,
  facts: HostFacts,
  planned: Planned,
): JsonObject {
  const basis = createHash("sha256")
    .update(stableText(definition.basis(inputs, facts)))
    .digest("hex")
    .slice(0, 16);
  return { ...planned.plan, steps: planned.steps, basis };
}
