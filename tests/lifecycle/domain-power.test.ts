import { beforeEach, describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { GUEST } from "../../provider/src/testing/machines/domains";
import { inRun, Resource, type Operation, type Values } from "./driver";
import { expectNoWrites, readDomain, useHosts } from "./hosts";

const start = useHosts();
const NIC = "0000:01:00.0";
const CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>";
const WITH_AGENT = GUEST.replace("</devices>", `${CHANNEL}</devices>`);
const NEW = GUEST.replace("<name>guest</name>", "<name>fresh</name>").replace(/<uuid>.*<\/uuid>\n/, "");

let host: SimulatedHost;
let guest: Resource;

beforeEach(async () => {
  host = await start({ machine: "debian-grub-iommu-on", domains: [WITH_AGENT] });
  guest = new Resource("DomainHostdev");
});

function inputs(more: Values = {}): Values {
  return { host: host.connection, domain: "guest", devices: [NIC], agentTimeoutSeconds: 0, ...more };
}

function up(more: Values = {}): Promise<Operation> {
  return inRun((run) => guest.up(run, inputs(more)));
}

function steps(): unknown {
  return (guest.output("plan") as { steps: unknown }).steps;
}

function records(): string[] {
  return ["started", "restart", "defined", "controllers"].filter((name) =>
    host.exists(`/var/lib/passthrough/records/${name}-${String(guest.output("domainUuid"))}`),
  );
}

describe("running: true", () => {
  it("starts the domain with its device, proves it, and changes nothing the second time", async () => {
    host.installAgent("guest");
    expect(await up({ running: true })).toBe("create");

    expect(steps()).toEqual([`add hostdev ${NIC} to guest`, "start guest"]);
    expect(host.domainXml("guest", { live: true })).toContain("<hostdev");
    expect(guest.output("restartRequired")).toBe(false);
    expect(guest.output("proof")).toEqual({
      libvirt: `running with ${NIC}`,
      host: `${NIC} on vfio-pci`,
      guestAgent: "saw 8086:10d3",
    });
    expect(await expectNoWrites(host, () => up({ running: true }))).toBe("same");
    await inRun((run) => guest.refresh(run));
    expect(guest.output("proof")).toMatchObject({ guestAgent: "saw 8086:10d3" });
  });

  it("takes a domain that has stopped for drift", async () => {
    await up({ running: true });
    host.stopDomain("guest");

    expect(await up({ running: true })).toBe("update");

    expect(steps()).toEqual(["start guest"]);
    expect(host.isDomainRunning("guest")).toBe(true);
  });

  it.each([
    ["no channel", GUEST, undefined, "no agent: the domain has no channel org.qemu.guest_agent.0"],
    ["no agent", WITH_AGENT, undefined, "no agent: none has connected to the channel of the domain"],
    ["an agent on Windows", WITH_AGENT, { system: "windows" }, "saw 8086:10d3"],
    [
      "an agent on Windows without a driver for the device",
      WITH_AGENT,
      { system: "windows", blindTo: ["8086:10d3"] },
      "the agent does not list 8086:10d3; on Windows it lists only devices that have a driver",
    ],
    [
      "an agent that may not read files",
      WITH_AGENT,
      { disabled: ["guest-file-open"] },
      "the agent may not say: internal error: unable to execute QEMU agent command 'guest-file-open': Command guest-file-open has been disabled",
    ],
  ] as const)("says so of %s, and is content", async (_what, domain, agent, said) => {
    host = await start({ machine: "debian-grub-iommu-on", domains: [domain] });
    if (agent !== undefined) host.installAgent("guest", agent);

    await up({ running: true });

    expect(guest.output("proof")).toMatchObject({ guestAgent: said });
  });

  it("waits for an agent that comes late", async () => {
    host.installAgent("guest", { connectsAfterMs: 1500 });

    await up({ running: true, agentTimeoutSeconds: 60 });

    expect(guest.output("proof")).toMatchObject({ guestAgent: "saw 8086:10d3" });
  });

  it("fails where the guest's own system lists its devices without ours, and asks again the next time", async () => {
    host.installAgent("guest", { blindTo: ["8086:10d3"] });

    await expect(up({ running: true })).rejects.toThrow(
      /guest runs and has its devices, but the system in it does not see 8086:10d3\. Next: /,
    );

    expect(guest.output("proof")).toMatchObject({ guestAgent: "did not see 8086:10d3" });
    host.installAgent("guest");
    expect(await up({ running: true })).toBe("update");
    expect(guest.output("proof")).toMatchObject({ guestAgent: "saw 8086:10d3" });
  });

  it("leaves everything as it was when the domain cannot start", async () => {
    const before = readDomain(host, "guest");
    host.faults.failTool("virsh", { words: ["start"], stderr: "error: no room\n" });

    await expect(up({ running: true })).rejects.toThrow(
      /step "start guest" failed: virsh start: error: no room; everything/,
    );

    expect(readDomain(host, "guest")).toBe(before);
    expect(guest.state).toBeUndefined();
  });

  it("is refused while the domain runs without the device and may not be started again", async () => {
    host.startDomain("guest");

    await expect(up({ running: true })).rejects.toThrow(
      /running: .*guest runs without what is declared.*restart: "ifRequired"/,
    );
    host.pauseDomain("guest");
    await expect(up({ running: true, restart: "ifRequired" })).rejects.toThrow(/running: .*guest is paused/);
  });
});

describe("deleting", () => {
  it("shuts down a domain that we started, before its devices leave", async () => {
    const before = readDomain(host, "guest");
    await up({ running: true });
    expect(records()).toEqual(["started", "controllers"]);

    await inRun((run) => guest.destroy(run));

    expect(host.isDomainRunning("guest")).toBe(false);
    expect(readDomain(host, "guest")).toBe(before);
    expect(host.driverOf(NIC)).toBe("e1000e");
    expect(host.exists("/var/lib/passthrough/records")).toBe(true);
  });

  it("leaves a domain running that was running before", async () => {
    host.startDomain("guest");
    await up();

    await inRun((run) => guest.destroy(run));

    expect(host.isDomainRunning("guest")).toBe(true);
  });

  it("says what to do about a guest that does not obey, and keeps everything", async () => {
    await up({ running: true, shutdownTimeoutSeconds: 1 });
    host.ignoreShutdown("guest");

    await expect(inRun((run) => guest.destroy(run))).rejects.toThrow(
      /guest did not shut down within 1 s of being asked to; shut it down from inside or give it longer with shutdownTimeoutSeconds.*everything before it was taken back/,
    );

    expect(host.isDomainRunning("guest")).toBe(true);
    expect(guest.output("attached")).toEqual([NIC]);
  });
});

describe("restart", () => {
  it("gives a running domain its device by shutting it down and starting it again", async () => {
    host.startDomain("guest");

    await up({ restart: "ifRequired" });

    expect(steps()).toEqual([
      "shut down guest (within 120 s, not by force)",
      `add hostdev ${NIC} to guest`,
      "start guest again",
    ]);
    expect(host.domainXml("guest", { live: true })).toContain("<hostdev");
    expect(guest.output("restartRequired")).toBe(false);
    expect(records()).toEqual(["controllers"]);
  });

  it("starts a domain without the device again when it cannot start with it", async () => {
    host.startDomain("guest");
    host.faults.failTool("virsh", { words: ["start"], times: 1, stderr: "error: no room\n" });

    await expect(up({ restart: "ifRequired" })).rejects.toThrow(/everything before it was taken back/);

    expect(host.isDomainRunning("guest")).toBe(true);
    expect(readDomain(host, "guest")).not.toContain("<hostdev");
  });

  it("does not touch a domain that is off, and by itself not one that runs", async () => {
    await up({ restart: "ifRequired" });
    expect(host.isDomainRunning("guest")).toBe(false);

    host.startDomain("guest");
    host.defineDomain(WITH_AGENT);
    await up();
    expect(host.isDomainRunning("guest")).toBe(true);
  });
});

describe("running: false", () => {
  it("shuts the domain down", async () => {
    host.startDomain("guest");

    await up({ running: false });

    expect(steps()).toEqual(["shut down guest (within 120 s, not by force)", `add hostdev ${NIC} to guest`]);
    expect(host.isDomainRunning("guest")).toBe(false);
    expect(await up({ running: false })).toBe("same");
  });
});

describe("definition", () => {
  const fresh = { domain: "fresh", definition: NEW };

  it("defines a domain that libvirt does not have, and undefines it in the end", async () => {
    const listed = host.domainXml("guest");
    await up({ ...fresh, running: true });

    expect(steps()).toEqual(["define fresh", `add hostdev ${NIC} to fresh`, "start fresh"]);
    expect(host.isDomainRunning("fresh")).toBe(true);
    expect(host.domainXml("fresh")).toContain(`<uuid>${String(guest.output("domainUuid"))}</uuid>`);
    expect(await expectNoWrites(host, () => up({ ...fresh, running: true }))).toBe("same");
    expect(records()).toEqual(["started", "defined"]);

    await inRun((run) => guest.destroy(run));
    expect(() => host.domainXml("fresh")).toThrow();
    expect(host.domainXml("guest")).toBe(listed);
  });

  it("is of no use where the domain exists, which then stays", async () => {
    await up({ definition: WITH_AGENT });
    await inRun((run) => guest.destroy(run));

    expect(host.domainXml("guest")).not.toContain("<hostdev");
  });

  it("does not reach the domain when it changes later", async () => {
    await up(fresh);
    const before = host.domainXml("fresh");

    expect(await up({ ...fresh, definition: NEW.replace("131072", "262144") })).toBe("update");

    expect(steps()).toEqual([]);
    expect(host.domainXml("fresh")).toBe(before);
  });

  it("is undone when the domain cannot start", async () => {
    host.faults.failTool("virsh", { words: ["start"], stderr: "error: no\n" });

    await expect(up({ ...fresh, running: true })).rejects.toThrow(/everything before it was taken back/);

    expect(() => host.domainXml("fresh")).toThrow();
  });

  it.each([
    ["<domain><name>fresh</name>", /definition: .*it is no domain that libvirt could define/],
    ["<network><name>fresh</name></network>", /its root is no <domain>/],
    [NEW.replace("fresh", "other"), /it is of a domain "other", and domain names "fresh"; make them the same/],
    [
      NEW.replace(
        "</devices>",
        "<hostdev mode='subsystem' type='pci'><source><address bus='1'/></source></hostdev></devices>",
      ),
      /it holds 0000:01:00.0 itself, which devices names too/,
    ],
    [
      NEW.replace("<name>fresh</name>", "<name>fresh</name><uuid>5f0c3c1e-9d1b-4f6e-8a3e-0d6b1f1d2c3a</uuid>"),
      /its UUID is that of the domain guest on the host/,
    ],
  ])("is refused when it is wrong: %#", async (definition, message) => {
    await expect(up({ domain: "fresh", definition })).rejects.toThrow(message);
  });

  it("with a password is a secret, and the password is in no file of ours", async () => {
    const definition = NEW.replace("</devices>", "<graphics type='vnc' passwd='hunter2'/></devices>");
    await up({ domain: "fresh", definition });

    expect(JSON.stringify(guest.state?.outputs["definition"])).toContain("1b47061264138c4ac30d75fd1eb44270");
    expect(host.domainXml("fresh", { withSecrets: true })).toContain("hunter2");
    expect(host.readFile("/var/lib/passthrough/journal")).not.toContain("hunter2");
  });
});
