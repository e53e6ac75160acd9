import { expect, it } from "@jest/globals";
import { provider } from "../../provider/src/dynamic-runtime";
import { providerText } from "../../provider/src/program/resource";
import { guide, useStage } from "./stage";

/** What every state file in the world holds: not one byte of it may ever change. */
const FROZEN = {
  iommu: 'exports.handler = () => require("pulumi-passthrough/dynamic-runtime").provider("HostIommuConfig");',
  gpu: 'exports.handler = () => require("pulumi-passthrough/dynamic-runtime").provider("PciGroupDetachment");',
  guest: 'exports.handler = () => require("pulumi-passthrough/dynamic-runtime").provider("DomainHostdev");',
};

const { startHost, openWorkspace } = useStage();

it("stores the text that names the provider, byte for byte, and no code of ours", async () => {
  const [host, workspace] = await Promise.all([startHost(), openWorkspace()]);
  await workspace.up(guide(host.connection));

  const state = await workspace.readState();

  for (const side of ["inputs", "outputs"] as const) {
    const texts = state.map((resource) => [resource.urn.split("::").at(-1), resource[side]?.["__provider"]]);
    expect(Object.fromEntries(texts)).toEqual(FROZEN);
  }
});

it.each(["HostIommuConfig", "PciGroupDetachment", "DomainHostdev"])("answers for the kind %s", (kind) => {
  expect(Object.values(FROZEN)).toContain(providerText(kind));
  expect(Object.keys(provider(kind)).sort()).toEqual(["check", "create", "delete", "diff", "read", "update"]);
});

it("says of a kind that it does not know what to do", () => {
  expect(() => provider("Rollout")).toThrow(/no resource "Rollout"; install a newer one/);
});
