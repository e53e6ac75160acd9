import { describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { inRun, Resource, type Values } from "./driver";
import { tryUp } from "./error-attempt";
import { expectNoWrites, useHosts } from "./hosts";
import { HARMLESS, REFUSED } from "./reboots-cases";

const start = useHosts();
const ALLOWED = { policy: "ifRequired", runningDomains: "shutdown" };
const PACMAN = { name: "pacman", pid: 616, lock: "/var/lib/pacman/db.lck" };

function inputsOf(host: SimulatedHost, reboot: Values): Values {
  return { host: host.connection, mode: "passthrough", reboot };
}

async function preview(host: SimulatedHost, reboot: Values): Promise<Values> {
  const { inputs } = await inRun((run) => new Resource("HostIommuConfig").preview(run, inputsOf(host, reboot)));
  return inputs["plan"] as Values;
}

describe("a reboot in the preview", () => {
  it.each(REFUSED)("is refused because of $what, and nothing is written", async (row) => {
    const host = await start(row.machine);
    await row.prepare?.(host);

    const attempt = await tryUp(host, row);

    expect(attempt).toEqual({ phase: row.phase, messages: row.messages, written: [] });
  });

  it.each(HARMLESS)("does not mind $what", async ({ prepare }) => {
    const host = await start();
    prepare(host);

    const plan = await expectNoWrites(host, () => preview(host, ALLOWED));

    expect(plan["steps"]).toContain("reboot, because the running kernel was not booted with intel_iommu=on iommu=pt");
  });

  it("goes on over users and inhibitors that the program ignores", async () => {
    const host = await start();
    host.activity.logIn({ user: "alice", terminal: "pts/0" });
    host.activity.inhibit({ who: "backup", why: "busy" });
    const reboot = { ...ALLOWED, loggedInUsers: "ignore", inhibitors: "ignore" };
    const before = host.bootId();

    await inRun((run) => new Resource("HostIommuConfig").up(run, inputsOf(host, reboot)));

    expect(host.bootId()).not.toBe(before);
  });

  it("is no matter for a plan that only writes files", async () => {
    const host = await start();
    host.startDomain("guest");
    host.activity.logIn({ user: "alice", terminal: "pts/0" });
    host.activity.inhibit({ who: "backup", why: "busy" });

    expect(await inRun((run) => new Resource("HostIommuConfig").up(run, inputsOf(host, {})))).toBe("create");
    expect(host.isDomainRunning("guest")).toBe(true);
  });

  it("is no matter for a package manager while nothing has to be done", async () => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    await inRun((run) => iommu.up(run, inputsOf(host, ALLOWED)));
    host.activity.openFile(PACMAN);

    expect(await inRun((run) => iommu.up(run, inputsOf(host, ALLOWED)))).toBe("same");
  });

  it("shows the kernel that comes with it, and that the running one has lost its modules", async () => {
    const host = await start();
    const [newest, older] = ["6.1.0-43-amd64", "6.1.0-42-amd64"];
    host.writeFile("/proc/sys/kernel/osrelease", "6.1.0-41-amd64\n");
    for (const release of [newest, older]) host.writeFile(`/lib/modules/${release}/kernel/fs/ext4.ko`, "");

    const plan = await preview(host, ALLOWED);

    expect(plan).toMatchObject({ kernelAfterReboot: expect.stringMatching(/^6\.1\.0-/) });
  });
});

const LATE = [
  {
    what: "somebody has logged in",
    happen: (host: SimulatedHost) =>
      host.activity.logIn({ user: "eve", terminal: "pts/1", from: "192.0.2.9", sinceMs: 0 }),
    says: "logged in: eve on pts/1 from 192.0.2.9",
  },
  {
    what: "an inhibitor has come",
    happen: (host: SimulatedHost) => host.activity.inhibit({ who: "fwupd", why: "firmware update", pid: 99 }),
    says: "a shutdown is inhibited by fwupd (process 99): firmware update",
  },
  {
    what: "a package manager has begun",
    happen: (host: SimulatedHost) => host.activity.openFile(PACMAN),
    says: "a package manager is at work: pacman (process 616, holds /var/lib/pacman/db.lck)",
    reference: " (PT-E30, pulumi-passthrough/docs/errors.md#pt-e30)",
  },
  {
    what: "a domain has been started",
    happen: (host: SimulatedHost) => {
      host.startDomain("win11");
    },
    says: "the domain win11 is active and was not in the plan",
  },
];

describe("a host that has come into use since the preview", () => {
  it.each(LATE)("is not rebooted: $what", async ({ happen, says, reference = "" }) => {
    const host = await start();
    const iommu = new Resource("HostIommuConfig");
    const before = host.bootId();
    host.faults.afterStep("commit", () => {
      happen(host);
    });

    const up = inRun((run) => iommu.up(run, inputsOf(host, ALLOWED)));

    await expect(up).rejects.toThrow(
      `it was not rebooted, since it is in use now: ${says}. Next: wait until that has ended, or end it, then run again; what is written already stays and takes effect at the next boot${reference}.`,
    );
    expect(host.bootId()).toBe(before);
    expect(host.writes).not.toContainEqual(expect.stringContaining("reboot"));
    expect(iommu.output("rebootRequired")).toBe(true);
  });

  it("has no menu generated under a package manager that has begun", async () => {
    const host = await start();
    const before = host.readFile("/boot/grub/grub.cfg");
    host.faults.afterStep("lock", () => {
      host.activity.holdLock({ name: "dpkg", pid: 31, lock: "/var/lib/dpkg/lock" });
    });
    host.mark();

    const up = inRun((run) => new Resource("HostIommuConfig").up(run, inputsOf(host, {})));

    await expect(up).rejects.toThrow(
      "a package manager is at work: dpkg (process 31, holds /var/lib/dpkg/lock); nothing was written. Next: wait until it has ended, then run again (PT-E30, pulumi-passthrough/docs/errors.md#pt-e30).",
    );
    expect(host.readFile("/boot/grub/grub.cfg")).toBe(before);
    expect(host.writtenFiles().filter(({ path }) => /^\/(?:boot|etc)\//.test(path))).toEqual([]);
  });

  it("takes its files back when a package manager begins right before the generator", async () => {
    const host = await start();
    const before = host.readFile("/etc/default/grub");
    host.faults.afterStep("generate", () => {
      host.activity.holdLock({ name: "dpkg", pid: 31, lock: "/var/lib/dpkg/lock" });
    });

    const up = inRun((run) => new Resource("HostIommuConfig").up(run, inputsOf(host, {})));

    await expect(up).rejects.toThrow("a package manager is at work: dpkg (process 31, holds /var/lib/dpkg/lock)");
    expect(host.readFile("/etc/default/grub")).toBe(before);
  });
});
