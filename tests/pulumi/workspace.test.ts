import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { PulumiWorkspace } from "./workspace";

/** A provider that stores what it is told; its `check` reads a file in the folder it runs in, as a real one reads its host. */
const PROVIDER_MODULE = `
const { readFileSync } = require("node:fs");
const observed = () => readFileSync("toy-host", "utf8");
exports.provider = {
  check: async (olds, news) => ({ inputs: { ...news, observed: observed() }, failures: [] }),
  diff: async (id, olds, news) => ({ changes: olds.colour !== news.colour || olds.observed !== news.observed }),
  create: async (inputs) => ({ id: "toy", outs: inputs }),
  update: async (id, olds, news) => ({ outs: news }),
  read: async (id, props) => ({ id, props }),
  delete: async () => {},
};
`;
const PROVIDER_TEXT = 'exports.handler = () => require("toy").provider;';

class Toy extends pulumi.CustomResource {
  declare readonly observed: pulumi.Output<string>;

  constructor(name: string, colour: string) {
    const props = { colour, observed: undefined, __provider: PROVIDER_TEXT };
    super("pulumi-nodejs:dynamic/test:Toy", name, props);
  }
}

function programWith(colour: string): () => Promise<Record<string, unknown>> {
  return () => Promise.resolve({ seen: new Toy("toy", colour).observed });
}

describe("a workspace for the real engine", () => {
  let workspace: PulumiWorkspace;
  let host: string;

  beforeAll(async () => {
    workspace = await PulumiWorkspace.create();
    host = join(workspace.folder, "toy-host");
    await mkdir(join(workspace.folder, "node_modules/toy"));
    await writeFile(join(workspace.folder, "node_modules/toy/index.js"), PROVIDER_MODULE);
    await writeFile(host, "clean");
  });

  afterAll(() => workspace.remove());

  it("previews and applies a dynamic resource whose provider text is constant", async () => {
    const preview = await workspace.preview(programWith("red"), { diff: true });
    const up = await workspace.up(programWith("red"));

    expect(preview.changes).toEqual({ create: 2 });
    expect(preview.text).toContain('observed  : "clean"');
    expect(up.changes).toEqual({ create: 2 });
    expect(await workspace.readOutputs()).toEqual({ seen: "clean" });
    expect((await workspace.readState()).map(({ id, outputs }) => ({ id, outputs }))).toEqual([
      { id: "toy", outputs: { __provider: PROVIDER_TEXT, colour: "red", observed: "clean" } },
    ]);
  });

  it("changes nothing the second time", async () => {
    const up = await workspace.up(programWith("red"), { expectNoChanges: true });

    expect(up.changes).toEqual({ same: 2 });
  });

  it("keeps to a saved plan, and refuses it when the host has changed since", async () => {
    const planFile = join(workspace.folder, "plan.json");
    await workspace.preview(programWith("blue"), { planFile });
    await writeFile(host, "touched");
    const refused = await workspace.up(programWith("blue"), { planFile, expectFailure: true });
    await writeFile(host, "clean");
    const applied = await workspace.up(programWith("blue"), { planFile });

    expect(refused.text).toContain("violates plan");
    expect(applied.changes).toEqual({ same: 1, update: 1 });
  });

  it("refreshes and destroys", async () => {
    expect((await workspace.refresh()).changes).toEqual({ same: 2 });
    expect((await workspace.destroy()).changes).toEqual({ delete: 2 });
    expect(await workspace.readState()).toEqual([]);
  });
});
