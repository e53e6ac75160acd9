import { describe, expect, it } from "@jest/globals";
import type { SimulatedHost, SimulatedHostOptions } from "pulumi-passthrough/testing";
import { inRun, Resource, type Values } from "./driver";
import { useHosts } from "./hosts";

const startHost = useHosts();
const NOTE = "/var/lib/passthrough/records/domains-to-start";
const BOTH = ["guest", "win11"];

function inputsOf(host: SimulatedHost, reboot: Values = {}): Values {
  const settings = { policy: "ifRequired", runningDomains: "shutdown", domainShutdownTimeoutSeconds: 5, ...reboot };
  return { host: host.connection, mode: "passthrough", reboot: settings };
}

async function start(options: SimulatedHostOptions = {}): Promise<SimulatedHost> {
  const host = await startHost(options);
  for (const name of BOTH) host.startDomain(name);
  return host;
}

function up(host: SimulatedHost, iommu: Resource, reboot: Values = {}): Promise<unknown> {
  return inRun((run) => iommu.up(run, inputsOf(host, reboot)));
}

function listRunning(host: SimulatedHost): string[] {
  return BOTH.filter((name) => host.isDomainRunning(name));
}

/** What was asked of libvirt, without its options. */
function listCalls(host: SimulatedHost): string[] {
  return host.writes.flatMap((call) => {
    const [, verb, uuid = ""] = /^virsh .* (shutdown|start) ([0-9a-f-]+)$/.exec(call) ?? [];
    if (verb === undefined) return call.startsWith("systemctl reboot") ? ["reboot"] : [];
    const name = BOTH.find((one) => host.domainXml(one).includes(uuid)) ?? uuid;
    return [`${verb} ${name}`];
  });
}

describe("running domains around a reboot", () => {
  it("are shut down in order and started again in reverse, as the preview says", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");

    const preview = await inRun((run) => iommu.preview(run, inputsOf(host)));
    await up(host, iommu);

    expect((preview.inputs["plan"] as { steps: string[] }).steps.slice(-3)).toEqual([
      "shut down guest, win11, one after another, each within 5 s",
      "reboot, because the running kernel was not booted with intel_iommu=on iommu=pt",
      "start win11, guest again",
    ]);
    expect(listCalls(host)).toEqual(["shutdown guest", "shutdown win11", "reboot", "start win11", "start guest"]);
    expect(listRunning(host)).toEqual(BOTH);
    expect(host.exists(NOTE)).toBe(false);
    expect(await up(host, iommu)).toBe("same");
  });

  it.each(["dash", "busybox"] as const)("are shut down and started again by %s as well", async (shell) => {
    const host = await start({ shell });

    await up(host, new Resource("HostIommuConfig"));

    expect(listCalls(host)).toEqual(["shutdown guest", "shutdown win11", "reboot", "start win11", "start guest"]);
    expect(listRunning(host)).toEqual(BOTH);
  });

  it("are started again when a trial boot is confirmed", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    const inputs = { ...inputsOf(host), trialBoot: true };

    await inRun((run) => iommu.up(run, inputs));

    expect(listCalls(host)).toEqual(["shutdown guest", "shutdown win11", "reboot", "start win11", "start guest"]);
    expect([listRunning(host), host.exists(NOTE)]).toEqual([BOTH, false]);
    expect(await inRun((run) => iommu.up(run, inputs))).toBe("same");
  });

  it("are started again on the old command line when a trial boot fails", async () => {
    const host = await start();
    host.panicOn("intel_iommu=on");

    await expect(
      inRun((run) => new Resource("HostIommuConfig").up(run, { ...inputsOf(host), trialBoot: true })),
    ).rejects.toThrow("the trial boot was not confirmed");

    expect([listRunning(host), host.exists(NOTE)]).toEqual([BOTH, false]);
  });

  it("are left to libvirt where it starts them by itself", async () => {
    const host = await start();
    host.setAutostart("guest", true);

    await up(host, new Resource("HostIommuConfig"));

    expect(listCalls(host)).toEqual(["shutdown guest", "shutdown win11", "reboot", "start win11"]);
    expect(listRunning(host)).toEqual(BOTH);
  });

  it("stop the reboot when one does not end in time; the others are started again", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    host.ignoreShutdown("win11");
    const before = host.bootId();

    await expect(up(host, iommu)).rejects.toThrow(
      "it was not rebooted: the domain win11 did not shut down within 5 s of being asked to; those that had shut down were started again: guest. Next: shut win11 down by hand or raise reboot.domainShutdownTimeoutSeconds (5 s now), then run again.",
    );

    expect(listCalls(host)).toEqual(["shutdown guest", "shutdown win11", "start guest"]);
    expect([host.bootId(), host.exists(NOTE)]).toEqual([before, false]);
    expect(iommu.output("rebootRequired")).toBe(true);

    host.ignoreShutdown("win11", false);
    await up(host, iommu);
    expect(iommu.output("rebootRequired")).toBe(false);
    expect(listRunning(host)).toEqual(BOTH);
  });

  it("are started again when the host comes into use while they shut down", async () => {
    const host = await start();
    host.faults.afterStep("shut-down win11", () => {
      host.activity.logIn({ user: "eve", terminal: "pts/1" });
    });

    await expect(up(host, new Resource("HostIommuConfig"))).rejects.toThrow("logged in: eve on pts/1");

    expect(listCalls(host)).toEqual(["shutdown guest", "shutdown win11", "start win11", "start guest"]);
    expect(host.exists(NOTE)).toBe(false);
  });

  it("of which one does not start leave the rest alone, and are tried again by the next run", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    const [, uuid = ""] = /<uuid>(.*)<\/uuid>/.exec(host.domainXml("win11")) ?? [];
    host.faults.failTool("virsh", { words: ["start", uuid], times: 1, stderr: "error: no memory\n" });

    await expect(up(host, iommu)).rejects.toThrow(
      "it was rebooted, but not all that ran before runs again: win11 could not be started: error: no memory. Next: mend the cause and run again, which starts them, or start them by hand.",
    );
    expect([listRunning(host), host.readFile(NOTE)]).toEqual([["guest"], `${uuid} win11\n`]);

    await up(host, iommu);
    expect([listRunning(host), host.exists(NOTE)]).toEqual([BOTH, false]);
  });
});

const CUTS = ["shut-down guest", "shut-down win11", "reboot"];

describe("a run that is interrupted around a reboot", () => {
  it.each(CUTS)("by a power cut at %s, goes on when the host is back, and starts the domains", async (step) => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    host.faults.afterStep(step, "power");

    expect(await up(host, iommu)).toBe("create");

    expect([listRunning(host), host.exists(NOTE)]).toEqual([BOTH, false]);
    expect(await up(host, iommu)).toBe("same");
  });

  it("by a host that stays off for longer than it waits, starts the domains with the next one", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    host.faults.afterStep("shut-down win11", () => {
      host.cutPower();
    });

    await expect(up(host, iommu, { timeoutSeconds: 30 })).rejects.toThrow("did not come back within 30 s");
    await host.switchOn();
    expect(listRunning(host)).toEqual([]);

    const preview = await inRun((run) => iommu.preview(run, inputsOf(host)));
    expect(preview.inputs["plan"]).toMatchObject({ steps: ["start win11, guest, shut down for an earlier reboot"] });
    await up(host, iommu);
    expect([listRunning(host), host.exists(NOTE)]).toEqual([BOTH, false]);
  });

  it("by the end of the script, shuts down what is left, reboots, and starts all", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    host.faults.afterStep("shut-down win11", "kill");

    await expect(up(host, iommu)).rejects.toThrow();
    expect(listRunning(host)).toEqual(["win11"]);

    await up(host, iommu);
    expect([listRunning(host), host.exists(NOTE)]).toEqual([BOTH, false]);
    expect(iommu.output("rebootRequired")).toBe(false);
  });

  it("by the end of the script, starts them without a reboot when that is no longer allowed", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    host.faults.afterStep("reboot", "kill");
    await expect(up(host, iommu)).rejects.toThrow();
    const before = host.bootId();

    await up(host, iommu, { policy: "never" });

    expect([listRunning(host), host.exists(NOTE), host.bootId()]).toEqual([BOTH, false, before]);
  });

  it("by a connection that drops, waits for the reboot all the same, and starts the domains", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    const before = host.bootId();
    host.faults.afterStep("shut-down guest", "cut");

    expect(await up(host, iommu)).toBe("create");

    expect(host.bootId()).not.toBe(before);
    expect([listRunning(host), host.exists(NOTE)]).toEqual([BOTH, false]);
  });
});
