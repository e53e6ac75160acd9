import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { machines } from "../../provider/src/testing/machines/catalog";
import { listBlocks, REPOSITORY, type Block } from "../unit/pages";
import { useHome } from "../user-home";
import { loadProgram } from "../user-program";
import { PulumiWorkspace } from "./workspace";

const CARD = "0000:01:00.0";
const GUEST = machines["debian-grub"].domains[0];
/** The steps of the page that have a program, each a stack of its own here, so that they can be looked at one by one. */
const STEPS = ["step 3", "step 6", "step 7", "step 8"] as const;

const { home, startHost } = useHome();
let blocks: Block[];
let host: SimulatedHost;
const workspaces: PulumiWorkspace[] = [];

beforeAll(async () => {
  blocks = listBlocks(await readFile(join(REPOSITORY, "docs/tutorial.md"), "utf8"));
});

describe("the steps of the tutorial", () => {
  beforeAll(startBare);
  afterAll(end);

  it("shows the steps of a trial that stand there", async () => {
    const workspace = await openWorkspace();

    const preview = await workspace.preview(readProgram("step 3"), { diff: true });

    for (const step of findBlock("steps of step 3").text.trim().split("\n"))
      expect(preview.text).toContain(JSON.stringify(step));
    expect(host.writes).toEqual([]);
  });

  it("lead to a guest that holds the card, one after the other, and back", async () => {
    const before = listTouched();
    const stacks: PulumiWorkspace[] = [];
    for (const step of STEPS) {
      const stack = await openWorkspace();
      stacks.push(stack);
      await stack.up(readProgram(step));
    }

    expect(host.driverOf(CARD)).toBe("vfio-pci");
    expect(host.isDomainRunning("guest")).toBe(true);

    for (const stack of stacks.reverse()) await stack.destroy();
    expect(listTouched()).toEqual(before);
  });
});

describe.each([
  ["the whole program", "whole program", 5],
  ["the one declaration", "one declaration", 6],
])("%s of the tutorial", (_what, mark, count) => {
  beforeAll(startBare);
  afterAll(end);

  it("goes from a bare host to a running guest with one up, once, and back", async () => {
    const before = listTouched();
    const workspace = await openWorkspace();

    expect((await workspace.up(readProgram(mark))).changes).toEqual({ create: count });

    expect(host.commandLine()).toContain("intel_iommu=on iommu=pt");
    expect(host.driverOf(CARD)).toBe("vfio-pci");
    expect(host.isDomainRunning("guest")).toBe(true);
    expect(await workspace.readOutputs()).toMatchObject({ proof: { libvirt: expect.stringContaining(CARD) } });
    expect((await workspace.up(readProgram(mark))).changes).toEqual({ same: count });

    await workspace.destroy();
    expect(listTouched()).toEqual(before);
  });
});

function findBlock(mark: string): Block {
  const block = blocks.find((candidate) => candidate.mark === mark);
  if (block === undefined) throw new Error(`the tutorial has no block that is marked <!-- ${mark} -->`);
  return block;
}

/** A program as it stands on the page; the guest's file is the one part that it has from elsewhere. */
function readProgram(mark: string): PulumiFn {
  return loadProgram(findBlock(mark).text, { "node:fs": { readFileSync: () => GUEST } });
}

function listTouched(): string[] {
  const files = ["/etc/default/grub", "/boot/grub/grub.cfg"].map((file) => host.readFile(file));
  return [...files, host.driverOf(CARD) ?? "none"];
}

/** The page's host, which ssh knows as kvm1: no libvirt, and an IOMMU that its operator has switched off. */
async function startBare(): Promise<void> {
  host = await startHost("kvm1", "debian-no-libvirt", { kernelCommandLine: "console=ttyS0 intel_iommu=off" });
}

async function openWorkspace(): Promise<PulumiWorkspace> {
  const workspace = await PulumiWorkspace.create({ HOME: home() });
  workspaces.push(workspace);
  return workspace;
}

async function end(): Promise<void> {
  await Promise.all(workspaces.splice(0).map((workspace) => workspace.remove()));
}
