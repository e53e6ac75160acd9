import { describe, expect, it } from "@jest/globals";
import type { MachineName, SimulatedHost, SimulatedHostOptions } from "pulumi-passthrough/testing";
import { openShell } from "../../provider/src/transport/shell";
import { inRun, Resource } from "./driver";
import { expectNoWrites, listDifferences, readBootFiles, useHosts } from "./hosts";
import { BESIDE, cutEverywhere, expectWhole, type Scenario } from "./interruptions";

const start = useHosts();

interface Case {
  readonly machine: MachineName;
  readonly shell: NonNullable<SimulatedHostOptions["shell"]>;
  readonly loader: "grub" | "grub-bls";
  readonly files: readonly (string | RegExp)[];
  /** End of the command line after the reboot. */
  readonly line: RegExp;
}

const INTEL = "intel_iommu=on iommu=pt";
const ENTRY = /^\/boot\/loader\/entries\/[0-9a-f]+-[1-9]/;

const CASES: readonly Case[] = [
  {
    machine: "rhel8-kernelopts",
    shell: "busybox",
    loader: "grub-bls",
    files: ["/boot/grub2/grubenv", "/etc/default/grub"],
    line: new RegExp(` crashkernel=auto rd.lvm.lv=fedora/root rhgb quiet ${INTEL}$`),
  },
  {
    machine: "rhel8-efi",
    shell: "dash",
    loader: "grub-bls",
    files: ["/boot/efi/EFI/redhat/grubenv", "/etc/default/grub"],
    line: new RegExp(` rhgb quiet ${INTEL}$`),
  },
  {
    machine: "rhel-bls",
    shell: "dash",
    loader: "grub-bls",
    files: [ENTRY, ENTRY, "/etc/default/grub", "/etc/kernel/cmdline"],
    line: new RegExp(` rhgb quiet ${INTEL}$`),
  },
  {
    machine: "fedora-no-bls",
    shell: "dash",
    loader: "grub",
    files: ["/boot/grub2/grub.cfg", "/etc/default/grub"],
    line: new RegExp(` rhgb quiet ${INTEL} ?$`),
  },
  {
    machine: "opensuse",
    shell: "dash",
    loader: "grub",
    files: ["/boot/grub2/grub.cfg", "/etc/default/grub"],
    line: / quiet security=apparmor intel_iommu=on mitigations=auto iommu=pt$/,
  },
  {
    machine: "arch",
    shell: "busybox",
    loader: "grub",
    files: ["/boot/grub/grub.cfg", "/etc/default/grub"],
    line: new RegExp(` loglevel=3 quiet ${INTEL}$`),
  },
];

function inputsFor(host: SimulatedHost) {
  return { host: host.connection, mode: "passthrough", reboot: { policy: "ifRequired", onDelete: true } };
}

describe.each(CASES)("$machine with $shell", ({ machine, shell, loader, files, line }) => {
  it("goes from preview to up with its reboot to nothing to do to destroy, and is as it was", async () => {
    const host = await start({ machine, shell });
    const iommu = new Resource("HostIommuConfig");
    const before = { files: readBootFiles(host), line: host.commandLine(), boot: host.bootId() };
    const inputs = inputsFor(host);

    await expectNoWrites(host, () => inRun((run) => iommu.preview(run, inputs)));
    expect(await inRun((run) => iommu.up(run, inputs))).toBe("create");

    expect(host.commandLine()).toMatch(line);
    expect(host.bootId()).not.toBe(before.boot);
    expect(iommu.output("usedBootLoader")).toBe(loader);
    expect(iommu.output("iommuActive")).toBe(true);
    expect(iommu.output("rebootRequired")).toBe(false);
    expect(listDifferences(before.files, readBootFiles(host))).toEqual(
      files.map((file) => (file instanceof RegExp ? expect.stringMatching(file) : file)),
    );
    expect(await expectNoWrites(host, () => inRun((run) => iommu.up(run, inputs)))).toBe("same");
    expect(await expectNoWrites(host, () => inRun((run) => iommu.refresh(run)))).toBe(true);
    expect(await expectNoWrites(host, () => inRun((run) => iommu.up(run, inputs)))).toBe("same");

    await inRun((run) => iommu.destroy(run));

    expect(listDifferences(before.files, readBootFiles(host))).toEqual([]);
    expect(host.commandLine()).toBe(before.line);
  });
});

const COMMON = {
  kind: "HostIommuConfig",
  inputs: { mode: "passthrough", kernelArguments: { present: ["hugepages=8"] } },
  read: readBootFiles,
  inspect: expectWhole(readBootFiles),
  way: "power",
} as const;
const EARLIER = { mode: "translated", kernelArguments: { absent: ["quiet"] } };

const SCENARIOS = (["rhel8-kernelopts", "rhel8-efi", "opensuse"] as const).flatMap((machine): Scenario[] => [
  { ...COMMON, machine, what: "create", interrupted: "create", next: "up" },
  { ...COMMON, machine, what: "update", interrupted: "update", earlier: EARLIER, next: "up" },
  { ...COMMON, machine, what: "delete, then declare again", interrupted: "delete", next: "up" },
  { ...COMMON, machine, what: "delete, then delete again", interrupted: "delete", next: "delete" },
]);

it.each(SCENARIOS)("$machine comes through a power cut at every step: $what", async (scenario) => {
  const host = await start({ machine: scenario.machine });

  const cuts = await cutEverywhere(host, scenario);

  expect(cuts).toBeGreaterThan(5);
  expect(Object.keys(readBootFiles(host)).filter((path) => BESIDE.test(path))).toEqual([]);
});

function readMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function blockOf(host: SimulatedHost): string {
  return host.readFile("/boot/grub2/grubenv");
}

/** What an operator, or a tool of the distribution, does to the variable. */
function replaceInBlock(host: SimulatedHost, from: string, to: string): void {
  const text = blockOf(host).replace(from, to).replace(/#*$/, "");
  host.writeFile("/boot/grub2/grubenv", text.padEnd(1024, "#"));
}

describe("kernelopts in grubenv", () => {
  it("keeps what others write there, before us and after", async () => {
    const host = await start({ machine: "rhel8-kernelopts" });
    const iommu = new Resource("HostIommuConfig");
    const inputs = { host: host.connection, mode: "passthrough" };
    replaceInBlock(host, "boot_success=0", "# mine\nboot_success=1\ntuned_params=isolcpus=2");
    await inRun((run) => iommu.up(run, inputs));
    replaceInBlock(host, "crashkernel=auto", "crashkernel=256M");
    replaceInBlock(host, "boot_success=1", "boot_success=0");

    expect(await expectNoWrites(host, () => inRun((run) => iommu.up(run, inputs)))).toBe("same");
    await inRun((run) => iommu.refresh(run));
    expect(iommu.output("kernelCommandLine")).toMatch(/ quiet intel_iommu=on iommu=pt isolcpus=2$/);
    await inRun((run) => iommu.destroy(run));

    expect(blockOf(host)).toMatch(/^kernelopts=.* crashkernel=256M rd.lvm.lv=fedora\/root rhgb quiet$/m);
    expect(blockOf(host)).toContain("\n# mine\nboot_success=0\ntuned_params=isolcpus=2\n#");
    expect(blockOf(host)).toHaveLength(1024);
  });

  it("is not written over when it changes while a change begins", async () => {
    const host = await start({ machine: "rhel8-kernelopts" });
    const iommu = new Resource("HostIommuConfig");
    const before = readBootFiles(host);
    host.faults.afterStep(2, () => {
      replaceInBlock(host, " quiet", " quiet other=1");
    });

    const failure = await inRun((run) => iommu.up(run, { host: host.connection })).catch(readMessage);

    expect(failure).toMatch(/kernelopts in \/boot\/grub2\/grubenv has changed since it was read/);
    expect(listDifferences(before, readBootFiles(host))).toEqual(["/boot/grub2/grubenv"]);
    expect(blockOf(host)).toContain(" quiet other=1\n");
    expect(blockOf(host)).not.toContain("intel_iommu");
  });

  it("is put back when a later step fails", async () => {
    const host = await start({ machine: "rhel8-kernelopts" });
    const iommu = new Resource("HostIommuConfig");
    const before = readBootFiles(host);
    host.makeReadOnly("/etc/default");

    const failure = await inRun((run) => iommu.up(run, { host: host.connection })).catch(readMessage);
    host.makeReadOnly("/etc/default", false);

    expect(failure).toMatch(/could not write \/etc\/default\/grub/);
    expect(listDifferences(before, readBootFiles(host))).toEqual([]);
  });
});

/** What a package of a kernel does: an entry with the words of /etc/kernel/cmdline, else those of the running kernel (kernel-install(8)). */
function installKernel(host: SimulatedHost, old: string, release: string): string {
  const path = Object.keys(readBootFiles(host)).find((one) => ENTRY.test(one) && one.includes(old)) ?? "";
  const running = host.commandLine().replace(/^BOOT_IMAGE=\S+ /, "");
  const words = host.exists("/etc/kernel/cmdline") ? host.readFile("/etc/kernel/cmdline").trim() : running;
  const entry = host
    .readFile(path)
    .replaceAll(old, release)
    .replace(/^options .*$/m, () => `options ${words}`);
  for (const kernel of [`/boot/vmlinuz-${release}`, `/boot/initramfs-${release}.img`])
    host.writeFile(kernel, "kernel\n");
  host.writeFile(path.replace(old, release), entry);
  return path.replace(old, release);
}

describe("a kernel that is installed before the reboot", () => {
  const RELEASES = { old: "5.14.0-427.13.1.el9_4.x86_64", next: "5.14.0-503.11.1.el9_5.x86_64" };

  it.each([
    ["with /etc/kernel/cmdline", true],
    ["without it, since it is made", false],
  ])("boots with the words %s", async (_, hasFile) => {
    const host = await start({ machine: "rhel-bls" });
    const iommu = new Resource("HostIommuConfig");
    if (!hasFile) host.removeFile("/etc/kernel/cmdline");
    const before = readBootFiles(host);
    await inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));

    const added = installKernel(host, RELEASES.old, RELEASES.next);
    await host.reboot();

    expect(host.commandLine()).toContain(RELEASES.next);
    expect(host.commandLine()).toMatch(/ rhgb quiet intel_iommu=on iommu=pt$/);
    await inRun((run) => iommu.destroy(run));
    expect(listDifferences(before, readBootFiles(host)).filter((path) => !path.includes(RELEASES.next))).toEqual([]);
    expect(host.readFile(added)).not.toContain("iommu=");
  });
});

/** What an operator types. */
async function runOn(host: SimulatedHost, script: string): Promise<void> {
  const shell = await openShell(host.connection);
  try {
    expect(await shell.run({ script: `${script}\n`, timeoutMs: 30_000 })).toMatchObject({ exitCode: 0 });
  } finally {
    await shell.close();
  }
}

describe("the generator, run by somebody else after us", () => {
  it.each(["rhel8-kernelopts", "fedora-bls", "rhel-bls", "opensuse", "arch"] as const)(
    "keeps the words on %s",
    async (machine) => {
      const host = await start({ machine });
      const iommu = new Resource("HostIommuConfig");
      const inputs = { host: host.connection, mode: "passthrough" };
      await inRun((run) => iommu.up(run, inputs));

      const [tool, folder] = machine === "arch" ? ["grub-mkconfig", "grub"] : ["grub2-mkconfig", "grub2"];
      await runOn(host, `${tool} -o /boot/${folder}/grub.cfg`);
      expect(await expectNoWrites(host, () => inRun((run) => iommu.up(run, inputs)))).toBe("same");
      await host.reboot();

      expect(host.commandLine()).toContain(" intel_iommu=on");
      await inRun((run) => iommu.destroy(run));
      await host.reboot();
      expect(host.commandLine()).not.toContain("iommu=pt");
      // With entries, the menu keeps words for hosts whose grubenv is gone, until it is generated again.
      const kept = Object.entries(readBootFiles(host)).flatMap(([path, text]) =>
        text.includes("iommu=pt") ? [path] : [],
      );
      expect(kept).toEqual(machine === "opensuse" || machine === "arch" ? [] : ["/boot/grub2/grub.cfg"]);
    },
  );
});

describe("grubby", () => {
  it("is never called", async () => {
    const host = await start({ machine: "rhel8-kernelopts" });
    const iommu = new Resource("HostIommuConfig");
    host.faults.failTool("grubby");

    await inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));
    await inRun((run) => iommu.destroy(run));
  });
});
