import { describe, expect, it } from "@jest/globals";
import { parseInputs } from "../../provider/src/engine/inputs";
import { hostIommuConfig } from "../../provider/src/resources/host-iommu-config/definition";

describe("inputs that nobody knows", () => {
  it.each<[what: string, declared: object, property: string, reason: string]>([
    [
      "a resource",
      { trailBoot: true },
      "trailBoot",
      "there is no such input; the inputs are bootLoader, host, kernelArguments, mode, reboot, trialBoot",
    ],
    ["an input", { reboot: { polcy: "ifRequired" } }, "reboot.polcy", "there is no such input"],
  ])("of %s are named, with what there is", (_what, declared, property, reason) => {
    expect(parseInputs(hostIommuConfig, { host: "kvm1", ...declared })).toEqual({
      kind: "wrong",
      problems: [{ property, reason }],
    });
  });
});
