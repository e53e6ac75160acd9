import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { dependencies, peerDependencies } from "../../package.json";
import { listBlocks, REPOSITORY } from "../unit/pages";
import { useCli } from "./stage";

const { home, startHost, passthrough } = useCli();
const run = promisify(execFile);

describe("the package as npm packs it", () => {
  let project: string;
  let installed: string;

  // What it says that it needs comes from this checkout, so that nothing is downloaded.
  beforeAll(async () => {
    project = await mkdtemp(join(home(), "project-"));
    const modules = join(project, "node_modules");
    installed = join(modules, "pulumi-passthrough");
    await mkdir(modules);
    const folder = ["--pack-destination", project];
    const { stdout } = await run("npm", ["pack", "--silent", "--ignore-scripts", ...folder], { cwd: REPOSITORY });
    await run("tar", ["-xzf", join(project, stdout.trim()), "-C", project]);
    await rename(join(project, "package"), installed);
    const wanted = [...Object.keys(dependencies), ...Object.keys(peerDependencies), "@types/node"];
    for (const name of wanted) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(REPOSITORY, "node_modules", name), join(modules, name));
    }
  });

  it("runs its command, reads a host and draws a page", async () => {
    await startHost("kvm1", "debian-gpu-iommu-on");
    const command = join(installed, "dist/cli/main.js");

    const survey = await passthrough(["survey", "kvm1", "--html", "kvm1.html"], { command, folder: project });
    const init = await passthrough(["init", "kvm1", "-d", "01:00.0", "-g", "win11"], { command, folder: project });

    expect(survey).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await readFile(join(project, "kvm1.html"), "utf8")).toContain("NVIDIA");
    expect(init).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("compiles a program with its types, and finds a fault in one", async () => {
    const compiler = resolve(REPOSITORY, "node_modules/typescript/bin/tsc");
    const folder = join(project, "passthrough-kvm1");

    const program = join(folder, "index.ts");
    function compile(): Promise<unknown> {
      return run(process.execPath, [compiler, "-p", folder]);
    }

    expect(await compile()).toEqual({ stdout: "", stderr: "" });
    await writeFile(program, (await readFile(program, "utf8")).replace("domain:", "domian:"));
    await expect(compile()).rejects.toMatchObject({ stdout: expect.stringContaining("'domian' does not exist") });
  });

  it("keeps a simulated host by the program of docs/testing.md, for the commands that stand below it", async () => {
    const blocks = listBlocks(await readFile(join(REPOSITORY, "docs/testing.md"), "utf8"));
    const program = blocks.find(({ mark }) => mark === "program that keeps a host")?.text ?? "";
    const commands = blocks.flatMap(({ language, text }) => (language === "sh" ? text.trim().split("\n") : []));
    await writeFile(join(project, "simulate.mjs"), program);
    const host = spawn(process.execPath, ["simulate.mjs", "debian-gpu"], {
      cwd: project,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(host.stdout, "data")) as [Buffer];

    const runs = [];
    for (const words of commands.map((line) => line.replace(/^npx passthrough /, "").split(" "))) {
      runs.push(await passthrough(words, { command: join(installed, "dist/cli/main.js"), folder: project }));
    }
    const end = once(host, "close");
    host.kill("SIGINT");

    expect(String(said)).toBe(`passthrough survey simulated -F ${join(project, "simulated/config")}\n`);
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(runs[0]?.stdout).toMatch(/IOMMU +not in use, interrupt remapping for the host itself on/);
    expect(await readFile(join(project, "passthrough-simulated/index.ts"), "utf8")).toContain(
      `sshConfigPath: "${join(project, "simulated/config")}"`,
    );
    expect(await end).toEqual([0, null]);
    expect(await readdir(project)).not.toContain("simulated");
  });

  it("holds the pages that messages refer to", async () => {
    expect(await readFile(join(installed, "docs/errors.md"), "utf8")).toContain("PT-E19");
    expect(JSON.parse(await readFile(join(installed, "schema/schema.json"), "utf8"))).toHaveProperty("resources");
  });
});
