import { beforeAll, describe, expect, it } from "@jest/globals";
import { SimulatedHost } from "pulumi-passthrough/testing";
import type { HostFacts } from "../../provider/src/model/host-facts";
import type { HostSurvey, SurveyedDevice } from "../../provider/src/model/survey/survey";
import { pickGroups } from "../../provider/src/model/survey/iommu-groups";
import { HostSurveySchema, IommuGroupsSchema } from "../../provider/src/model/survey/survey-schema";
import { surveyHost } from "../../provider/src/model/survey/survey-host";
import { readSurveyFacts } from "./survey-reading";

describe("the large server", () => {
  let facts: HostFacts;
  let survey: HostSurvey;

  beforeAll(async () => {
    await using host = await SimulatedHost.start({ machine: "large-server" });
    facts = await readSurveyFacts(host);
    survey = surveyHost(facts, "gpu-server");
  }, 120_000);

  function list(filter: (device: SurveyedDevice) => boolean): SurveyedDevice[] {
    return survey.devices.filter(filter);
  }

  it("has about 300 functions on two sockets, every one with a name and an address of its own", () => {
    expect(survey.devices.length).toBeGreaterThan(280);
    expect(survey.devices.length).toBeLessThan(320);
    expect(new Set(survey.devices.map(({ address }) => address)).size).toBe(survey.devices.length);
    expect(new Set(survey.devices.map(({ numaNode }) => numaNode))).toEqual(new Set([0, 1]));
    expect(list(({ deviceName }) => deviceName === "").map(({ id }) => id)).toEqual([]);
  });

  it("has what a server of its kind has", () => {
    expect(list(({ className }) => className === "3D controller")).toHaveLength(8);
    expect(list(({ className }) => className === "NVMe controller")).toHaveLength(25);
    expect(list(({ physicalFunction }) => physicalFunction !== "")).toHaveLength(84);
    expect(survey.domains.map(({ name, hostdevs }) => `${name} ${hostdevs.length}`)).toEqual([
      "worker-1 2",
      "worker-2 2",
      "worker-3 2",
    ]);
    expect(survey.iommu).toMatchObject({ isActive: true, interruptRemapping: "on", units: ["ivhd0"] });
  });

  it("gives its GPUs away with their audio, and those below the switch without isolation all at once", () => {
    const gpus = list(({ className }) => className === "3D controller");

    expect(gpus.map(({ verdict }) => `${verdict.kind} ${verdict.with.length}`)).toEqual([
      ...Array.from({ length: 6 }, () => "together 1"),
      "together 3",
      "together 3",
    ]);
  });

  it("keeps what it needs: the session through bond and bridge, its disks, its display", () => {
    function needed(rule: string): string[] {
      return list(({ verdict }) => verdict.rules.some((one) => one === rule)).map(({ deviceName }) => deviceName);
    }

    expect(needed("ssh-session")).toEqual(Array.from({ length: 2 }, () => "Ethernet Controller X710 for 10GBASE-T"));
    expect(needed("root-storage")).toEqual(["NVMe SSD Controller PM9A1/PM9A3/980PRO"]);
    expect(needed("mounted-storage")).toHaveLength(6);
    expect(needed("boot-display")).toEqual(["ASPEED Graphics Family"]);
    expect(needed("sriov")).toHaveLength(6);
  });

  it("is described by the package schema's types as it is", () => {
    expect(HostSurveySchema.parse(survey)).toEqual(survey);
    expect(IommuGroupsSchema.parse(pickGroups(survey)).groups).toHaveLength(survey.groups.length);
  });

  it("is surveyed in less than a second", () => {
    const start = process.cpuUsage();
    surveyHost(facts, "gpu-server");
    const { user, system } = process.cpuUsage(start);

    expect((user + system) / 1000).toBeLessThan(1000);
  });
});
