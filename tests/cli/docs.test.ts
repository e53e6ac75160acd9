import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { listBlocks, REPOSITORY } from "../unit/pages";
import { useCli } from "./stage";

const { startHost, passthrough } = useCli();

describe("docs/command.md", () => {
  it("shows what the command prints", async () => {
    await Promise.all([startHost("kvm1", "debian-gpu-iommu-on"), startHost("kvm2", "debian-gpu")]);
    const blocks = listBlocks(await readFile(join(REPOSITORY, "docs/command.md"), "utf8"));
    const shown = blocks.filter(({ mark }) => mark.startsWith("output of passthrough "));

    const printed = await Promise.all(
      shown.map(async ({ mark }) => {
        const words = mark.slice("output of passthrough ".length).split(" ");
        return (await passthrough(words, { environment: { COLUMNS: "80" } })).stdout;
      }),
    );

    expect(shown.map(({ mark }) => mark.split(" ")[3])).toEqual(["survey", "doctor", "plan", "init"]);
    expect(printed).toEqual(shown.map(({ text }) => text));
  });
});
