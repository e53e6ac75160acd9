import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { MachineName, SimulatedHost } from "pulumi-passthrough/testing";
import { renderUnifiedImage } from "../../provider/src/testing/loaders/unified-image";
import { inRun, Resource } from "./driver";
import { readAllBootFiles as readAll } from "./boot-partitions";
import { expectNoWrites, listDifferences, useHosts } from "./hosts";

const start = useHosts();

interface Case {
  readonly machine: MachineName;
  /** End of the command line after the change. */
  readonly words: string;
  /** What may differ between before and after the change. */
  readonly changed: readonly RegExp[];
}

const CASES: readonly Case[] = [
  {
    machine: "systemd-boot",
    words: " ro console=ttyS0 intel_iommu=on iommu=pt",
    changed: [/^\/boot\/efi\/loader\/entries\/\w+-6.1.0-4\d-amd64\.conf$/, /^\/etc\/kernel\/cmdline$/],
  },
  {
    machine: "unified-kernel-image",
    words: " ro console=ttyS0 intel_iommu=on iommu=pt",
    changed: [/^\/efi\/EFI\/Linux\/arch-linux\.efi$/, /^\/etc\/kernel\/cmdline$/],
  },
  {
    machine: "proxmox",
    words: " ro console=ttyS0 intel_iommu=on iommu=pt",
    changed: [/^\/dev\/disk\/by-uuid\/[-\w]+\/loader\/entries\/proxmox-[-.\w]+\.conf$/, /^\/etc\/kernel\/cmdline$/],
  },
  {
    machine: "proxmox-grub",
    words: " ro console=ttyS0 intel_iommu=on iommu=pt",
    changed: [/^\/dev\/disk\/by-uuid\/[-\w]+\/grub\/grub\.cfg$/, /^\/etc\/default\/grub$/],
  },
  {
    machine: "silverblue",
    words: " intel_iommu=on iommu=pt",
    changed: [/^\/boot\/loader\/entries\/ostree-\d\.conf$/],
  },
];

const INPUTS = { mode: "passthrough", reboot: { policy: "ifRequired", onDelete: true } };

describe.each(CASES)("$machine", ({ machine, words, changed }) => {
  it("goes from preview to up to nothing to do to destroy, and is as it was", async () => {
    const host = await start({ machine, shell: "dash" });
    const iommu = new Resource("HostIommuConfig");
    const inputs = { host: host.connection, ...INPUTS };
    const [files, line] = [readAll(host), host.commandLine()];

    await expectNoWrites(host, () => inRun((run) => iommu.preview(run, inputs)));
    expect(await inRun((run) => iommu.up(run, inputs))).toBe("create");

    expect(host.commandLine().endsWith(words)).toBe(true);
    const differences = listDifferences(files, readAll(host));
    expect(differences.filter((path) => !changed.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(changed.filter((pattern) => !differences.some((path) => pattern.test(path)))).toEqual([]);
    expect(await expectNoWrites(host, () => inRun((run) => iommu.up(run, inputs)))).toBe("same");
    expect(await expectNoWrites(host, () => inRun((run) => iommu.refresh(run)))).toBe(true);

    await inRun((run) => iommu.destroy(run));

    if (machine === "silverblue") expect(wordsOf(host.commandLine())).toEqual(wordsOf(line));
    else expect([host.commandLine(), listDifferences(files, readAll(host))]).toEqual([line, []]);
  });
});

function listEntries(host: SimulatedHost): string[] {
  return readdirSync(join(host.root, "boot/efi/loader/entries")).sort();
}

/** A deployment has a number of its own; all other words count. */
function wordsOf(line: string): string[] {
  return line.split(" ").filter((word) => !word.startsWith("ostree="));
}

describe("a trial boot with systemd-boot", () => {
  const TRIAL = { ...INPUTS, trialBoot: true, kernelArguments: { present: ["hugepages=8"] } };

  it("becomes permanent when the host comes back with it, and leaves no trace", async () => {
    const host = await start({ machine: "systemd-boot" });
    const iommu = new Resource("HostIommuConfig");
    const entries = listEntries(host);

    await inRun((run) => iommu.up(run, { host: host.connection, ...TRIAL }));

    expect(listEntries(host)).toEqual(entries);
    await host.reboot();
    expect(host.commandLine()).toMatch(/ intel_iommu=on iommu=pt hugepages=8$/);
  });

  it("that panics leaves the permanent entries alone, and a later one succeeds", async () => {
    const host = await start({ machine: "systemd-boot" });
    const iommu = new Resource("HostIommuConfig");
    const [files, line] = [readAll(host), host.commandLine()];
    host.panicOn("hugepages=8");

    await expect(inRun((run) => iommu.up(run, { host: host.connection, ...TRIAL }))).rejects.toThrow(/trial/);

    const changed = listDifferences(files, readAll(host));
    expect(host.commandLine()).toBe(line);
    expect(changed.filter((path) => path in files)).toEqual([]);
    const good = { host: host.connection, ...TRIAL, kernelArguments: { present: ["hugepages=4"] } };
    await inRun((run) => iommu.up(run, good));
    expect(host.commandLine()).toMatch(/ intel_iommu=on iommu=pt hugepages=4( |$)/);
  });

  it.each([
    ["silverblue", /nothing goes back to it by itself/],
    ["unified-kernel-image", /part of the kernel's image/],
    ["proxmox", /not mounted while the host runs/],
  ] as const)("is refused on %s", async (machine, reason) => {
    const host = await start({ machine });
    const iommu = new Resource("HostIommuConfig");

    const preview = inRun((run) => iommu.preview(run, { host: host.connection, ...TRIAL }));

    await expect(preview).rejects.toThrow(reason);
  });
});

describe("a change that fails", () => {
  it.each([
    ["proxmox", "proxmox-boot-tool", { times: 1 }],
    ["unified-kernel-image", "mkinitcpio", {}],
    ["silverblue", "rpm-ostree", { words: ["--append-if-missing=iommu=pt"], times: 1 }],
    ["systemd-boot", "mv", { words: ["etc/kernel/cmdline"], times: 1 }],
  ] as const)("on %s in %s is taken back as a whole, and the next run succeeds", async (machine, tool, fault) => {
    const host = await start({ machine });
    const iommu = new Resource("HostIommuConfig");
    const inputs = { host: host.connection, mode: "passthrough" };
    const files = readAll(host);
    host.faults.failTool(tool, fault);

    await expect(inRun((run) => iommu.up(run, inputs))).rejects.toThrow(/everything before it was taken back/);

    expect(listDifferences(files, readAll(host))).toEqual([]);
    host.faults.clear();
    expect(await inRun((run) => iommu.up(run, inputs))).toBe("create");
  });

  it("on Proxmox finds a partition that the tool has skipped", async () => {
    const host = await start({ machine: "proxmox" });
    const iommu = new Resource("HostIommuConfig");
    const entry = "/dev/disk/by-uuid/77D0-9E31/loader/entries/proxmox-6.8.12-4-pve.conf";
    host.faults.afterStep("check-partitions", () => {
      host.writeFile(entry, host.readFile(entry).replace(" iommu=pt", ""));
    });

    const up = inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));

    await expect(up).rejects.toThrow(/77D0-9E31 would not boot what was planned: an entry lacks iommu=pt/);
    expect(host.readFile(entry)).not.toContain("iommu=on");
  });
});

describe("rpm-ostree", () => {
  it("loses a staged deployment in a power cut, and the next run stages it again", async () => {
    const host = await start({ machine: "silverblue" });
    const iommu = new Resource("HostIommuConfig");
    const inputs = { host: host.connection, mode: "passthrough" };
    await inRun((run) => iommu.up(run, inputs));

    await host.reboot();

    expect(host.commandLine()).not.toContain("iommu");
    const allowed = { ...inputs, reboot: { policy: "ifRequired" } };
    expect(await inRun((run) => iommu.up(run, allowed))).toBe("update");
    expect(host.commandLine()).toMatch(/ intel_iommu=on iommu=pt$/);
  });

  it("is waited for while it is busy", async () => {
    const host = await start({ machine: "silverblue" });
    const iommu = new Resource("HostIommuConfig");
    host.faults.failTool("rpm-ostree", { words: ["status"], times: 1 });

    await inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));

    expect(iommu.output("kernelCommandLine")).toMatch(/ intel_iommu=on iommu=pt$/);
  });
});

describe("systemd-boot", () => {
  it("makes /etc/kernel/cmdline for future kernels and keeps one that is there", async () => {
    const mine = "root=UUID=8f3e2b4c-6f0a-4f0e-9d5b-1c2d3e4f5a6b ro quiet\n";
    const host = await start({ machine: "systemd-boot", files: { "/etc/kernel/cmdline": mine } });
    const iommu = new Resource("HostIommuConfig");

    await inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));
    expect(host.readFile("/etc/kernel/cmdline")).toBe(mine.replace("quiet", "quiet intel_iommu=on iommu=pt"));
    await inRun((run) => iommu.destroy(run));

    expect(host.readFile("/etc/kernel/cmdline")).toBe(mine);
  });

  it("is not believed to boot the host when only its files lie about", async () => {
    const files = { "/boot/efi/loader/loader.conf": "timeout 3\n", "/boot/efi/loader/entries/a.conf": "linux /a\n" };
    const host = await start({ machine: "debian-grub", files });
    const iommu = new Resource("HostIommuConfig");

    await inRun((run) => iommu.up(run, { host: host.connection, mode: "passthrough" }));

    expect(iommu.output("usedBootLoader")).toBe("grub");
    expect(host.readFile("/boot/efi/loader/entries/a.conf")).toBe("linux /a\n");
  });
});

describe("a unified kernel image", () => {
  it.each([
    [
      "is signed",
      (line: string) => renderUnifiedImage(line, "6.11", true),
      /signed unified kernel image.*add intel_iommu=on/,
    ],
    ["is no image at all", () => Buffer.from("text"), /signed unified kernel image/],
  ])("that %s is refused, and nothing is written", async (_, render, reason) => {
    const host = await start({ machine: "unified-kernel-image" });
    writeFileSync(join(host.root, "efi/EFI/Linux/arch-linux.efi"), render(host.commandLine()));
    const iommu = new Resource("HostIommuConfig");

    const preview = inRun((run) => iommu.preview(run, { host: host.connection }));

    await expectNoWrites(host, () => expect(preview).rejects.toThrow(reason));
  });
});
