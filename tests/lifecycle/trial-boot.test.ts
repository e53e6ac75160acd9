import { describe, expect, it } from "@jest/globals";
import type { MachineName, SimulatedHost } from "pulumi-passthrough/testing";
import { inRun, Resource, type Values } from "./driver";
import { expectNoWrites, listDifferences, readBootFiles, useHosts } from "./hosts";

const start = useHosts();

/** A confirmation may take this long: the units of a simulated host live twenty times as fast as the test. */
const PATIENT = { confirmTimeoutSeconds: 3600 };
const QUICK = { confirmTimeoutSeconds: 60 };

const INPUTS = { mode: "passthrough", trialBoot: PATIENT, reboot: { policy: "ifRequired", timeoutSeconds: 30 } };

function withWord(word: string, trialBoot: Values = QUICK): Values {
  return { ...INPUTS, trialBoot, kernelArguments: { present: [word], absent: [] } };
}

/** Files that a trial makes for itself. */
const TRACES = ["/boot/grub/custom.cfg", "/boot/grub2/custom.cfg", "/etc/systemd/system/passthrough-trial.service"];

function listTraces(host: SimulatedHost): string[] {
  return [
    ...TRACES.filter((path) => host.exists(path)),
    ...["/var/lib/passthrough/records/trial", "/var/lib/passthrough/trial-report"].filter((path) => host.exists(path)),
    ...(/next_entry=./.test(readEnvironment(host)) ? ["next_entry"] : []),
  ];
}

function readEnvironment(host: SimulatedHost): string {
  const folder = ["/boot/grub", "/boot/grub2"].find((path) => host.exists(`${path}/grubenv`));
  return folder === undefined ? "" : host.readFile(`${folder}/grubenv`);
}

/** Boot files as far as they stay: GRUB itself makes its environment block when it is first asked to note something. */
function readLasting(host: SimulatedHost): Record<string, string> {
  return Object.fromEntries(Object.entries(readBootFiles(host)).filter(([path]) => !path.endsWith("/grubenv")));
}

async function up(resource: Resource, host: SimulatedHost, inputs: Values): Promise<string | undefined> {
  return inRun((run) =>
    resource.up(run, { host: host.connection, ...inputs }).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    ),
  );
}

describe.each(["debian-grub", "fedora-bls"] satisfies MachineName[])("a trial boot on %s", (machine) => {
  it("is shown in the preview, kept when the host comes back well, and leaves no trace", async () => {
    const host = await start({ machine });
    const resource = new Resource("HostIommuConfig");
    const before = readLasting(host);
    const boots = [host.bootId()];

    const preview = await inRun((run) => resource.preview(run, { host: host.connection, ...INPUTS }));
    expect(preview.inputs["plan"]).toMatchObject({
      trial: { furtherWords: expect.stringMatching(/^panic=10 .* passthrough\.trial=[0-9a-f]{12}$/) },
    });
    expect(await up(resource, host, INPUTS)).toBeUndefined();
    boots.push(host.bootId());

    expect(boots[1]).not.toBe(boots[0]);
    expect(host.commandLine()).toContain("passthrough.trial=");
    expect(listTraces(host)).toEqual([]);
    await expectNoWrites(host, async () => {
      expect(await up(resource, host, INPUTS)).toBeUndefined();
    });
    await host.reboot();
    expect(host.commandLine()).toMatch(/ intel_iommu=on iommu=pt$/);
    expect(host.commandLine()).not.toContain("passthrough.trial");

    await inRun((run) => resource.destroy(run));
    expect(listDifferences(before, readLasting(host))).toEqual([]);
  });

  it.each([
    [
      "panics",
      (host: SimulatedHost) => {
        host.panicOn("crash=1");
      },
      /left no report/,
    ],
    [
      "has no network",
      (host: SimulatedHost) => {
        host.loseNetworkOn("crash=1");
      },
      /It said: not confirmed within 60 s/,
    ],
  ] as const)(
    "that %s brings the host back on its old line, and the next up tries again",
    async (_what, breakHost, said) => {
      const host = await start({ machine });
      breakHost(host);
      const resource = new Resource("HostIommuConfig");
      const [before, line] = [readLasting(host), host.commandLine()];

      const failure = await up(resource, host, withWord("crash=1"));

      expect(failure).toMatch(/the trial boot was not confirmed, and the host is on its old command line/);
      expect(failure).toMatch(said);
      expect(host.commandLine()).toBe(line);
      expect(listDifferences(before, readLasting(host)).filter((path) => !TRACES.includes(path))).toEqual([]);
      expect(resource.state?.isUnfinished).toBe(true);
      expect(resource.output("ownership")).toEqual({ added: [], removed: [], files: [] });

      expect(await up(resource, host, INPUTS)).toBeUndefined();
      expect(host.commandLine()).toContain("intel_iommu=on iommu=pt");
      expect(listTraces(host)).toEqual([]);
    },
  );
});

describe("a trial boot", () => {
  it("that nobody waits for ends by itself, and the next up tries again", async () => {
    const host = await start({ machine: "debian-grub" });
    const resource = new Resource("HostIommuConfig");
    const line = host.commandLine();
    host.faults.afterStep("confirm-trial", "kill");
    expect(await up(resource, host, { ...INPUTS, trialBoot: QUICK })).toBeDefined();
    await until(() => !host.commandLine().includes("passthrough.trial"));
    await host.settle();

    expect(host.commandLine()).toBe(line);
    expect(await up(resource, host, INPUTS)).toBeUndefined();
    expect(listTraces(host)).toEqual([]);
  });

  it("that was armed and never booted is no danger, and is taken up again", async () => {
    const host = await start({ machine: "debian-grub" });
    const resource = new Resource("HostIommuConfig");
    const line = host.commandLine();
    host.faults.afterStep("commit", "kill");

    expect(await up(resource, host, { ...INPUTS, trialBoot: QUICK })).toBeDefined();
    expect(listTraces(host)).toContain("next_entry");
    await host.reboot();
    await until(() => !host.commandLine().includes("passthrough.trial"));
    await host.settle();

    expect(host.commandLine()).toBe(line);
    expect(await up(resource, host, INPUTS)).toBeUndefined();
    expect(listTraces(host)).toEqual([]);
  });

  it("keeps an operator's own custom.cfg byte for byte", async () => {
    const custom = "menuentry 'Memory test' {\n  linux16 /boot/memtest86+.bin\n}";
    const host = await start({ machine: "debian-grub", files: { "/boot/grub/custom.cfg": custom } });
    const resource = new Resource("HostIommuConfig");

    expect(await up(resource, host, INPUTS)).toBeUndefined();

    expect(host.commandLine()).toContain("passthrough.trial=");
    expect(host.readFile("/boot/grub/custom.cfg")).toBe(custom);
  });

  it("is chosen in a copy of GRUB's environment block, since the permanent choice may stand there too", async () => {
    const block = "# GRUB Environment Block\nsaved_entry=gnulinux-simple\n".padEnd(1024, "#");
    const host = await start({ machine: "debian-grub", files: { "/boot/grub/grubenv": block } });
    const resource = new Resource("HostIommuConfig");
    const line = host.commandLine();
    host.faults.afterStep("rename boot/grub/grubenv", "power");

    expect(await up(resource, host, INPUTS)).toBeDefined();
    await host.settle();

    expect(host.readFile("/boot/grub/grubenv")).toBe(block);
    expect(host.commandLine()).toBe(line);
    expect(await up(resource, host, INPUTS)).toBeUndefined();
    expect(host.readFile("/boot/grub/grubenv")).toMatch(/\nsaved_entry=gnulinux-simple\n/);
    expect(listTraces(host)).toEqual([]);
    expect(host.exists("/boot/grub/grubenv.passthrough-old")).toBe(false);
  });

  it("leaves with the resource when it is deleted before it is confirmed", async () => {
    const host = await start({ machine: "debian-grub" });
    host.loseNetworkOn("crash=1");
    const resource = new Resource("HostIommuConfig");
    const before = readLasting(host);
    await up(resource, host, withWord("crash=1"));

    await inRun((run) => resource.destroy(run));

    expect(listDifferences(before, readLasting(host))).toEqual([]);
    expect(listTraces(host)).toEqual([]);
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 300 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(condition()).toBe(true);
}
