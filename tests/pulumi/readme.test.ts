import { readdirSync, statSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import type { z } from "zod";
import { definitions } from "../../provider/src/engine/registry";
import { CommonOutputs } from "../../provider/src/resources/common-outputs";
import { OUTPUTS } from "../../schema/package-schema";
import { listBlocks, REPOSITORY, type Block } from "../unit/pages";
import { useHome } from "../user-home";
import { loadProgram } from "../user-program";
import { PulumiWorkspace, type EngineRun } from "./workspace";

const { home, startHost } = useHome();
let blocks: Block[];
let workspace: PulumiWorkspace;

beforeAll(async () => {
  blocks = listBlocks(await readFile(join(REPOSITORY, "README.md"), "utf8"));
});

describe("the README's program", () => {
  let host: SimulatedHost;
  let shown: EngineRun;
  let before: string[];

  beforeAll(async () => {
    host = await startHost("kvm1", "debian-gpu");
    before = listTouched(host);
    workspace = await PulumiWorkspace.create({ HOME: home() });
    shown = await workspace.preview(readProgram("program"), { diff: true });
  });

  afterAll(() => workspace.remove());

  it("gives the preview that is printed there, and touches nothing", () => {
    expect(readable(shown)).toBe(findBlock("output of the program's preview").text);
    expect(shown.changes).toEqual({ create: 4 });
    expect(host.writes).toEqual([]);
  });

  it("does what it says, once", async () => {
    const up = await workspace.up(readProgram("program"));

    expect(up.changes).toEqual({ create: 4 });
    expect(host.commandLine()).toContain("intel_iommu=on iommu=pt");
    expect(["0000:01:00.0", "0000:01:00.1"].map((address) => host.driverOf(address))).toEqual(["vfio-pci", "vfio-pci"]);
    expect((await workspace.up(readProgram("program"), { expectNoChanges: true })).changes).toEqual({ same: 4 });
  });

  it("notes on the host what docs/operations.md finds there", () => {
    const journal = host.readFile("/var/lib/passthrough/journal");
    const [, saved = ""] = /^\S+Z \S+ saved \/etc\/default\/grub as (originals\/[0-9a-f]{64})$/m.exec(journal) ?? [];

    expect(host.readFile(`/var/lib/passthrough/${saved}`)).toBe(before[0]);
    expect(JSON.parse(host.readFile("/var/lib/passthrough/records/HostIommuConfig"))).toMatchObject({
      added: ["intel_iommu=on", "iommu=pt"],
      removed: ["intel_iommu=off"],
    });
    expect(host.readFile("/var/lib/passthrough/records/driver-0000:01:00.0")).toBe("10de:2684 nouveau");
    expect(host.domainXml("win11")).toContain("<alias name='ua-passthrough-0000-01-00-0'/>");
    expect(statSync(join(host.root, "var/lib/passthrough")).mode & 0o077).toBe(0);
  });

  it("sees drift without a refresh, and mends it", async () => {
    host.setDriver("0000:01:00.1", "snd_hda_intel");

    expect((await workspace.preview(readProgram("program"))).changes).toEqual({ same: 3, update: 1 });
    expect((await workspace.up(readProgram("program"))).changes).toEqual({ same: 3, update: 1 });
    expect(host.driverOf("0000:01:00.1")).toBe("vfio-pci");
  });

  it("updates its resources when the same host gets another name", async () => {
    const { address, port = 22 } = host.connection;
    // The key has a place in the ssh config under the host's name only.
    await copyFile(join(home(), ".ssh/kvm1.key"), join(home(), ".ssh/id_ed25519"));
    const renamed = readProgram("program", (text) => text.replace('"kvm1";', `"root@${address}:${port}";`));

    expect((await workspace.preview(renamed)).changes).toEqual({ same: 1, update: 3 });
  });

  it("leaves outputs that the schema describes, and no others", async () => {
    const state = await workspace.readState();

    const stored = state.map(({ type, outputs = {} }) => {
      const kind = type.replace(/.*:/, "") as keyof typeof OUTPUTS;
      const declared = (definitions[kind].schema as unknown as z.ZodObject).shape;
      const own = Object.entries(outputs).filter(([name]) => !(name in declared) && !name.startsWith("__"));
      return OUTPUTS[kind].extend(CommonOutputs.shape).safeParse(Object.fromEntries(own)).error?.issues;
    });

    expect(stored).toEqual([undefined, undefined, undefined]);
  });

  it("can be taken back to the last byte", async () => {
    await workspace.destroy();

    expect(listTouched(host)).toEqual(before);
    expect(["0000:01:00.0", "0000:01:00.1"].map((address) => host.driverOf(address))).toEqual([
      "nouveau",
      "snd_hda_intel",
    ]);
    expect(readdirSync(join(host.root, "var/lib/passthrough"))).toEqual(["journal", "lock", "originals", "records"]);
    expect(readdirSync(join(host.root, "var/lib/passthrough/records"))).toEqual([]);
  });
});

describe("what else the README shows", () => {
  let host: SimulatedHost;

  beforeAll(async () => {
    host = await startHost("kvm1", "debian-gpu-iommu-on");
    workspace = await PulumiWorkspace.create({ HOME: home() });
  });

  afterAll(() => workspace.remove());

  it("is what a host with its IOMMU on gives", async () => {
    const shown = await workspace.preview(readProgram("program"), { diff: true });

    expect(readable(shown)).toContain(findBlock("part of the preview with the IOMMU on").text);
  });

  it("keeps a saved plan from a host that has changed since", async () => {
    const planFile = join(workspace.folder, "plan.json");
    await workspace.preview(readProgram("program"), { planFile });
    host.writeFile("/etc/default/grub", `${host.readFile("/etc/default/grub")}# edited meanwhile\n`);

    const refused = await workspace.up(readProgram("program"), { planFile, expectFailure: true });

    expect(refused.text).toContain("violates plan");
    expect(host.writes).toEqual([]);
    expect(host.commandLine()).not.toContain("iommu=pt");
  });

  it("is the refusal that a careless program gets", async () => {
    const refused = await workspace.preview(readProgram("careless program"), { expectFailure: true });

    expect(readable(refused)).toContain(findBlock("part of the refusal").text);
    expect(host.writes).toEqual([]);
  });
});

function findBlock(mark: string): Block {
  const block = blocks.find((candidate) => candidate.mark === mark);
  if (block === undefined) throw new Error(`the README has no block that is marked <!-- ${mark} -->`);
  return block;
}

/** The program as it stands in the README. */
function readProgram(mark: string, edit = (text: string): string => text): PulumiFn {
  return loadProgram(edit(findBlock(mark).text));
}

/** What was printed, without URNs and without the end, which tells the time; warnings come as they like, so they stand last. */
function readable({ text }: EngineRun): string {
  const shown = text.split("\n").filter((line) => !/^\s*\[urn=/.test(line));
  const warnings = shown.filter((line) => line.startsWith("warning: "));
  const lines = [...shown.filter((line) => !warnings.includes(line)), ...warnings];
  return `${lines.join("\n").trim()}\n`
    .replace(/^( +basis +): "[0-9a-f]{16}"$/gm, '$1: "0123456789abcdef"')
    .replace(/passthrough\.trial=[0-9a-f]{12}"/, 'passthrough.trial=0123456789ab"');
}

function listTouched(host: SimulatedHost): string[] {
  const files = ["/etc/default/grub", "/boot/grub/grub.cfg"].map((file) => host.readFile(file));
  return [...files, host.domainXml("win11", { withSecrets: true })];
}
