import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import { MODULES, readAssets } from "../../provider/src/page/assets";

describe("the script of the page", () => {
  it("is made of every module in the folder", () => {
    const files = readdirSync(join(__dirname, "../../provider/src/page/browser")).filter((file) =>
      file.endsWith(".mjs"),
    );

    expect([...MODULES].sort()).toEqual(files.map((file) => file.replace(".mjs", "")).sort());
  });

  it("is one program without imports, in which no name is taken twice", async () => {
    const { script } = await readAssets();
    const names = [...script.matchAll(/^(?:async )?(?:function|const|class) (\w+)/gm)].map(([, name]) => name);

    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/^(?:import|export) /m);
    expect(names).toEqual([...new Set(names)]);
    expect(script).not.toMatch(/<\/script|<!--/i);
  });
});
