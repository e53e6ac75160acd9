import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { derivePackageSchema } from "../../schema/package-schema";
import { PulumiWorkspace } from "./workspace";

const SCHEMA = resolve(__dirname, "../../schema/schema.json");

describe("the package schema", () => {
  let workspace: PulumiWorkspace;

  beforeAll(async () => {
    workspace = await PulumiWorkspace.create();
  });

  afterAll(() => workspace.remove());

  it("is accepted by the Pulumi CLI", async () => {
    const { stdout, stderr } = await check(SCHEMA);

    expect(stdout + stderr).not.toMatch(/error|warning/i);
  });

  it("would not be with a type that is missing", async () => {
    const broken = join(workspace.folder, "broken.json");
    const text = JSON.stringify({ ...derivePackageSchema(), types: {} });
    await writeFile(broken, text);

    await expect(check(broken)).rejects.toThrow("passthrough:index:Host");
  });

  async function check(file: string): Promise<{ stdout: string; stderr: string }> {
    const command = join(process.env["PASSTHROUGH_PULUMI"] ?? "", "bin/pulumi");
    const env = { ...process.env, PULUMI_HOME: join(workspace.folder, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" };
    return promisify(execFile)(command, ["schema", "check", file], { env });
  }
});
