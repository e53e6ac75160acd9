import { mkdir, mkdtemp, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import * as ts from "typescript";
import { PulumiWorkspace } from "../pulumi/workspace";
import { readProgram, useCli } from "./stage";

const { home, startHost, passthrough } = useCli();
const GPU = "0000:01:00.0";

/** Both functions of the GPU as another tool gives them to a guest. */
const HOSTDEVS = ["0x0", "0x1"]
  .map(
    (one) =>
      `<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x01' slot='0x00' function='${one}'/></source></hostdev>`,
  )
  .join("");

async function makeFolder(): Promise<string> {
  return mkdtemp(join(home(), "project-"));
}

/** The program that is written for a host. */
async function readWritten(words: readonly string[]): Promise<string> {
  const folder = await makeFolder();
  const run = await passthrough(["init", ...words, "--directory", folder]);
  if (run.exitCode !== 0) throw new Error(run.stderr);
  return readFile(join(folder, "index.ts"), "utf8");
}

/** A desktop whose guest has had its GPU for long, set up by other means than ours. */
async function startUsedHost(name: string): Promise<SimulatedHost> {
  const host = await startHost(name, "debian-gpu", { kernelCommandLine: "intel_iommu=on iommu=pt" });
  for (const address of [GPU, "0000:01:00.1"]) host.setDriver(address, "vfio-pci");
  host.defineDomain(host.domainXml("win11", { withSecrets: true }).replace("</devices>", `${HOSTDEVS}</devices>`));
  return host;
}

describe("passthrough init", () => {
  it("describes what is there so that the first preview has no steps, and one edited line works", async () => {
    const host = await startUsedHost("used");
    const workspace = await PulumiWorkspace.create({ HOME: home() });
    try {
      const written = await passthrough(["init", "used", "--directory", workspace.folder]);
      const before = host.domainXml("win11", { withSecrets: true });
      host.mark();

      const program = await readProgram(workspace.folder);
      const preview = await workspace.preview(program, { diff: true });
      const first = await workspace.up(program);

      expect(written.stdout).toContain("No plan has steps: nothing on the host");
      expect(preview.changes).toEqual({ create: 4 });
      expect(preview.text.match(/^ +steps +: \[\]$/gm)).toHaveLength(3);
      expect(preview.text.match(/the host is as declared already; nothing is written there/g)).toHaveLength(3);
      expect(first.changes).toEqual({ create: 4 });
      expect(host.writtenFiles().filter(({ path }) => !path.startsWith("/var/lib/passthrough"))).toEqual([]);
      expect(host.writes).toEqual([]);
      expect((await workspace.up(program, { expectNoChanges: true })).changes).toEqual({ same: 4 });

      const edited = await readProgram(workspace.folder, (text) => text.replace("persist: false", "persist: true"));
      expect((await workspace.up(edited)).changes).toEqual({ same: 3, update: 1 });
      expect(host.exists("/etc/udev/rules.d/10-passthrough-0000-01-00.0.rules")).toBe(true);

      await workspace.destroy();
      expect(host.domainXml("win11", { withSecrets: true })).toBe(before);
      expect(host.driverOf(GPU)).toBe("vfio-pci");
    } finally {
      await workspace.remove();
    }
  });

  it("writes a project that compiles by its own settings, pinned to this version, and no secret", async () => {
    await startHost("guarded", "debian-gpu-iommu-on", { user: "admin", sudo: { password: "correct horse" } });
    const folder = await makeFolder();

    const run = await passthrough(["init", "guarded", "--sudo", "-d", "01:00.0", "-g", "win11", "-o", folder], {
      environment: { PASSTHROUGH_SUDO_PASSWORD: "correct horse" },
    });

    const files = await readdir(folder);
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(files.sort()).toEqual([
      ".gitignore",
      "Pulumi.yaml",
      "README.md",
      "index.ts",
      "package.json",
      "tsconfig.json",
    ]);
    expect([...texts, run.stdout].join("\n")).not.toContain("correct horse");
    expect(run.stdout).toContain("pulumi config set --secret sudoPassword");
    expect(texts[files.indexOf("index.ts")]).toContain('sudo: { password: config.requireSecret("sudoPassword") }');
    const { version } = JSON.parse(await readFile(join(__dirname, "../../package.json"), "utf8")) as {
      version: string;
    };
    expect(JSON.parse(texts[files.indexOf("package.json")] ?? "")).toMatchObject({
      dependencies: { "pulumi-passthrough": version },
    });
    expect(await listTypeErrors(folder)).toEqual([]);
    expect(await listTypeErrors(folder, (text) => text.replace("device:", "divice:"))).toHaveLength(1);
  });

  it("asks for the IOMMU as safely as the host allows when a device needs it", async () => {
    const host = await startHost("off", "debian-gpu");

    const text = await readWritten(["off", "--device", "10de:2684", "--domain", "win11"]);

    expect(text).toContain('trialBoot: true,\n  reboot: { policy: "ifRequired" },');
    expect(text).toContain('device: { address: "0000:01:00.0", id: "10de:2684" }');
    expect(text).toContain('new DomainHostdev("win11", { host, domain: "win11", devices: gpu.members });');
    expect(host.writes).toEqual([]);
  });

  it("names the package as it is told to, so that npm finds it from the project's folder", async () => {
    await startHost("packed", "debian-gpu-iommu-on");
    const folder = await makeFolder();

    const run = await passthrough(["init", "packed", "--package", "./pulumi-passthrough.tgz", "-o", folder]);

    expect(run.stdout).toContain("  pulumi stack init passthrough-packed\n  pulumi preview --diff\n");
    expect(JSON.parse(await readFile(join(folder, "package.json"), "utf8"))).toMatchObject({
      dependencies: { "pulumi-passthrough": `file:${join(home(), "pulumi-passthrough.tgz")}` },
    });
  });

  it("asks for nothing by itself, and says why something is left out", async () => {
    await startHost("untouched", "debian-gpu");

    const text = await readWritten(["untouched"]);

    expect(text).not.toContain("new HostIommuConfig");
    expect(text).toMatch(/Left out:\n\/\/ - HostIommuConfig: to declare it would change the host/);
  });

  it("leaves a device out that libvirt took for a running guest, but not the guest's own", async () => {
    const host = await startHost("running", "debian-gpu-iommu-on");
    const xml = host.domainXml("win11", { withSecrets: true });
    host.defineDomain(xml.replace("</devices>", `${HOSTDEVS}</devices>`));
    host.startDomain("win11");

    const text = await readWritten(["running"]);

    expect(host.driverOf(GPU)).toBe("vfio-pci");
    expect(text).not.toContain("new PciGroupDetachment");
    expect(text).toMatch(/IOMMU group 1 \(0000:01:00.0 and 0000:01:00.1\): libvirt took it for win11/);
    expect(text).toContain('devices: ["0000:01:00.0", "0000:01:00.1"]');
  });

  it("takes over what a stack of ours had set up, at boot and in the guest", async () => {
    const host = await startHost("ours", "debian-gpu-iommu-on");
    const workspace = await PulumiWorkspace.create({ HOME: home() });
    const folder = await makeFolder();
    try {
      await passthrough(["init", "ours", "-d", "01:00.0", "-g", "win11", "-o", folder]);
      await workspace.up(await readProgram(folder));
    } finally {
      await workspace.remove();
    }

    const text = await readWritten(["ours"]);

    expect(host.driverOf(GPU)).toBe("vfio-pci");
    expect(text).not.toContain("persist");
    expect(text).not.toContain("Left out");
    expect(text).toContain("devices: gpu.members");
  });

  it("writes what is wished of the guest, also where it has the device already", async () => {
    await startUsedHost("wished");

    const text = await readWritten(["wished", "-d", "01:00.0", "-g", "win11", "--running", "--restart", "if-required"]);

    expect(text).toMatch(
      /new DomainHostdev\("win11", \{\n +host,\n +domain: "win11",\n +devices: gpu\.members,\n +running: true,\n +restart: "ifRequired",\n\}\);/,
    );
    expect(text.match(/new DomainHostdev/g)).toHaveLength(1);
  });

  it("refuses what a preview would refuse, and writes nothing", async () => {
    await startHost("needed", "debian-gpu-iommu-on");
    const folder = join(await makeFolder(), "new");

    const run = await passthrough(["init", "needed", "--device", "03:00.0", "--directory", folder]);

    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect(run.stderr).toContain("[ssh-session]");
    await expect(readdir(folder)).rejects.toThrow("ENOENT");
  });

  it("overwrites nothing", async () => {
    await startHost("kept", "debian-gpu-iommu-on");
    const folder = await makeFolder();
    await writeFile(join(folder, "index.ts"), "mine\n");

    const run = await passthrough(["init", "kept", "--directory", folder]);

    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect(run.stderr.replace(/\s+/g, " ")).toContain("has index.ts already; nothing was written");
    expect(await readdir(folder)).toEqual(["index.ts"]);
    expect(await readFile(join(folder, "index.ts"), "utf8")).toBe("mine\n");
  });
});

/** Compiles a project as its owner's editor does. */
async function listTypeErrors(folder: string, edit = (text: string): string => text): Promise<string[]> {
  const repository = join(__dirname, "../..");
  const copy = await makeFolder();
  const modules = join(copy, "node_modules");
  await mkdir(modules);
  await symlink(repository, join(modules, "pulumi-passthrough"));
  await symlink(join(repository, "node_modules/@pulumi"), join(modules, "@pulumi"));
  await symlink(join(repository, "node_modules/@types"), join(modules, "@types"));
  for (const file of ["index.ts", "tsconfig.json", "package.json"]) {
    await writeFile(join(copy, file), edit(await readFile(join(folder, file), "utf8")));
  }
  const { config } = ts.readConfigFile(join(copy, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, copy);
  return ts
    .getPreEmitDiagnostics(ts.createProgram(fileNames, options))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}
