import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { machines, type Machine } from "pulumi-passthrough/testing";
import type { Check } from "../../provider/src/model/doctor/check";
import type { HostSurvey } from "../../provider/src/model/survey/survey";
import { useCli } from "./stage";

const { home, startHost, passthrough } = useCli();
const READY = machines["debian-gpu-iommu-on"];

describe("passthrough survey", () => {
  it("shows two hosts at once and the one that cannot be reached, without writing anything", async () => {
    const hosts = await Promise.all([startHost("ready", "debian-gpu-iommu-on"), startHost("off", "debian-gpu")]);
    for (const host of hosts) host.mark();

    const run = await passthrough(["survey", "ready", "off", "root@127.0.0.1:9"]);

    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain("  ├─01:00.0      1  together  nouveau        VGA controller 10de:2684");
    expect(run.stdout).toMatch(/^ready +in use +12 +3 +0 +0\/2 +Debian/m);
    expect(run.stdout).toMatch(/^off +off +0 +0 +0 +0\/2 +Debian/m);
    expect(run.stdout).toMatch(/^root@127\.0\.0\.1:9 +not read/m);
    expect(run.stderr).toContain("error: root@127.0.0.1:9: cannot connect");
    expect(hosts.map((host) => [host.writes, host.writtenFiles(), host.counters.commands])).toEqual([
      [[], [], 1],
      [[], [], 1],
    ]);
  });

  it("prints JSON that holds everything, also about what failed", async () => {
    await startHost("json", "debian-gpu-iommu-on");

    const run = await passthrough(["survey", "json", "root@127.0.0.1:9", "--json"]);

    const { hosts, failures } = JSON.parse(run.stdout) as { hosts: HostSurvey[]; failures: { host: string }[] };
    const gpu = hosts[0]?.devices.find(({ address }) => address === "0000:01:00.0");
    expect(run.exitCode).toBe(1);
    expect(hosts.map(({ host }) => host)).toEqual(["json"]);
    expect(gpu).toMatchObject({ group: 1, driver: "nouveau", verdict: { kind: "together", with: ["0000:01:00.1"] } });
    expect(failures).toEqual([expect.objectContaining({ host: "root@127.0.0.1:9" })]);
  });
});

describe("passthrough survey --html", () => {
  it("writes one page for all hosts, about the device in question", async () => {
    await Promise.all([startHost("page-one", "debian-gpu-iommu-on"), startHost("page-two", "debian-gpu")]);

    const run = await passthrough(["survey", "page-one", "page-two", "--html", "hosts.html", "--device", "10de:2684"]);

    const page = await readFile(join(home(), "hosts.html"), "utf8");
    expect(run).toMatchObject({ exitCode: 0, stdout: "" });
    expect(run.stderr).toMatch(/^wrote hosts\.html \(\d+ kB\)\n$/);
    expect(page).toContain("<title>PCI devices of page-one, page-two</title>");
    expect(page).toContain('"address":"0000:01:00.0"');
  });

  it("says where it cannot write, and what no host has", async () => {
    await startHost("page-three", "debian-gpu-iommu-on");

    const lost = await passthrough(["survey", "page-three", "--html", "no/such/folder.html"]);
    const absent = await passthrough(["survey", "page-three", "--html", "hosts.html", "--device", "05:00.0"]);

    expect([lost.exitCode, absent.exitCode]).toEqual([1, 1]);
    expect(lost.stderr).toContain("cannot write no/such/folder.html: ENOENT");
    expect(absent.stderr).toContain("no host has 0000:05:00.0");
  });
});

describe("passthrough doctor", () => {
  it.each<[what: string, machine: Machine, words: string[], check: Check["name"], cause: string]>([
    [
      "flag-missing",
      { ...READY, cpu: { ...READY.cpu, flags: "fpu" } },
      [],
      "cpu-virtualization",
      "neither vmx nor svm",
    ],
    ["firmware-off", machines["firmware-off"], [], "firmware-iommu", "announces no IOMMU"],
    [
      "kernel-without",
      { ...READY, kernelConfig: { ...READY.kernelConfig, CONFIG_INTEL_IOMMU: "n" } },
      [],
      "kernel-iommu",
      "built without CONFIG_INTEL_IOMMU",
    ],
    ["parameter-off", machines["debian-gpu"], [], "command-line", "booted with intel_iommu=off"],
    [
      "memory-kept",
      { ...READY, reservedRegions: { 1: "direct" } },
      ["--device", "01:00.0"],
      "device-firmware-memory",
      "keeps memory (RMRR) for IOMMU group 1",
    ],
    [
      "no-remapping",
      machines["no-interrupt-remapping"],
      [],
      "interrupt-remapping",
      "Interrupts are not remapped, so VFIO gives no device to a guest",
    ],
    ["package-missing", machines["debian-no-libvirt"], [], "packages", "Not installed"],
    ["not-there", READY, ["--device", "05:00.0"], "device", "has no PCI function 0000:05:00.0"],
  ])("gives the cause on a host with %s", async (name, machine, words, check, cause) => {
    await startHost(name, machine);

    const [text, json] = await Promise.all([
      passthrough(["doctor", name, ...words]),
      passthrough(["doctor", name, ...words, "--json"]),
    ]);

    const { isFine, checks } = JSON.parse(json.stdout) as { isFine: boolean; checks: Check[] };
    const found = checks.find((one) => one.name === check);
    expect([text.exitCode, json.exitCode, isFine]).toEqual([1, 1, false]);
    expect(found).toMatchObject({ outcome: "failure", cause: expect.stringContaining(cause) });
    expect(text.stdout).toContain(`✗ ${found?.title ?? ""}\n`);
    expect(text.stdout.replace(/\s+/g, " ")).toContain(`→ ${found?.remedy ?? ""}`);
  });

  it("warns of a locked-down kernel, which VFIO works with, and ends with 0", async () => {
    await startHost("locked", "locked-down");

    const [text, json] = await Promise.all([
      passthrough(["doctor", "locked"]),
      passthrough(["doctor", "locked", "--json"]),
    ]);

    const { isFine, checks } = JSON.parse(json.stdout) as { isFine: boolean; checks: Check[] };
    expect([text.exitCode, json.exitCode, isFine]).toEqual([0, 0, true]);
    expect(checks.find(({ name }) => name === "lockdown")).toMatchObject({
      outcome: "warning",
      cause: expect.stringContaining("Secure Boot is on, and the kernel is locked down (integrity)"),
      remedy: expect.stringContaining("mokutil --import"),
    });
    expect(text.stdout.replace(/\s+/g, " ")).toContain("! Secure Boot and lockdown Secure Boot is on, and the kernel");
  });

  it("gives the cause when libvirt's daemon is off", async () => {
    const host = await startHost("silent", READY);
    host.setLibvirtRunning(false);

    const run = await passthrough(["doctor", "silent"]);

    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/✗ libvirt's daemon\n +libvirt \S+ is installed, but its daemon does not answer/);
  });
});
