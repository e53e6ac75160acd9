import type { SimulatedHost } from "pulumi-passthrough/testing";
import type { ErrorCase } from "./error-cases";

const SINCE = Date.UTC(2026, 10, 22, 20, 15, 30);
const WHY = "the running kernel was not booted with intel_iommu=on iommu=pt";
const OFF = { machine: { machine: "debian-grub" }, kind: "HostIommuConfig" } as const;
const REBOOT = {
  ...OFF,
  phase: "check",
  inputs: { mode: "passthrough", reboot: { policy: "ifRequired", runningDomains: "shutdown" } },
} as const;
const APT = { name: "apt-get", pid: 4242, lock: "/var/lib/dpkg/lock-frontend" };
const ZYPPER = { name: "zypper", pid: 515, lock: "/run/zypp.pid" };

/** What makes a preview refuse a reboot, and what the user reads. */
export const REFUSED: readonly ErrorCase[] = [
  {
    ...REBOOT,
    what: "somebody at a terminal",
    prepare: (host: SimulatedHost): void => {
      host.activity.logIn({ user: "alice", terminal: "pts/0", from: "192.0.2.7", sinceMs: SINCE });
      host.activity.logIn({ user: "bob", terminal: "tty1", sinceMs: SINCE });
    },
    messages: [
      `reboot.loggedInUsers: HOST: a reboot is needed (${WHY}), but somebody is logged in: alice on pts/0 from 192.0.2.7 since 2026-11-22 20:15 UTC; bob on tty1 since 2026-11-22 20:15 UTC. Ask them to log out, or set reboot.loggedInUsers to "ignore"`,
    ],
  },
  {
    ...REBOOT,
    what: "somebody at a terminal that logind does not know of",
    prepare: (host: SimulatedHost): void => {
      host.activity.logIn({
        user: "alice",
        terminal: "pts/3",
        isTerminalKnown: false,
        from: "192.0.2.7",
        sinceMs: SINCE,
      });
    },
    messages: [
      `reboot.loggedInUsers: HOST: a reboot is needed (${WHY}), but somebody is logged in: alice on pts/3 from 192.0.2.7 since 2026-11-22 20:15 UTC. Ask them to log out, or set reboot.loggedInUsers to "ignore"`,
    ],
  },
  {
    ...REBOOT,
    what: "an inhibitor that blocks",
    prepare: (host: SimulatedHost): void => {
      host.activity.inhibit({ who: "backup", why: "It's writing to tape → 3 of 5", pid: 812 });
    },
    messages: [
      `reboot.inhibitors: HOST: a reboot is needed (${WHY}), but a shutdown is inhibited by backup (process 812): It's writing to tape → 3 of 5. Wait until that has ended, or set reboot.inhibitors to "ignore"`,
    ],
  },
  {
    ...REBOOT,
    what: "a paused domain and one without a stored definition",
    prepare: (host: SimulatedHost): void => {
      host.startDomain("guest");
      host.startDomain("win11");
      host.pauseDomain("guest");
      host.makeTransient("win11");
    },
    messages: [
      "reboot.runningDomains: HOST: the domain guest is paused and cannot shut down by itself. Resume it (virsh resume) or end it first",
      "reboot.runningDomains: HOST: the domain win11 has no stored definition, so it could not be started again after the reboot. Define it (virsh define) or end it first",
    ],
  },
  {
    ...REBOOT,
    what: "a libvirt that does not answer",
    prepare: (host: SimulatedHost): void => {
      host.setLibvirtRunning(false);
    },
    messages: [
      `reboot.runningDomains: HOST: a reboot is needed (${WHY}), but libvirt does not answer, so nobody can tell which domains it would stop: error: failed to connect to the hypervisor error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory. Start libvirt's daemon, or set reboot.policy to "never" and reboot when it suits (PT-E20, pulumi-passthrough/docs/errors.md#pt-e20)`,
    ],
  },
  {
    ...OFF,
    what: "a package manager at work while the boot menu has to be generated",
    inputs: { mode: "passthrough" },
    phase: "check",
    prepare: (host: SimulatedHost): void => {
      host.activity.holdLock(APT);
    },
    messages: [
      "host: HOST: a package manager is at work, and the boot menu would be generated under it: apt-get (process 4242, holds /var/lib/dpkg/lock-frontend). Wait until it has ended, then run again (PT-E30, pulumi-passthrough/docs/errors.md#pt-e30)",
    ],
  },
  {
    ...REBOOT,
    machine: { machine: "fedora-bls" },
    what: "zypper at work, by the number in its file",
    inputs: { kernelArguments: { present: ["audit=0"] }, reboot: { policy: "ifRequired" } },
    prepare: (host: SimulatedHost): void => {
      host.activity.openFile(ZYPPER, "515\n");
    },
    messages: [
      "host: HOST: a package manager is at work, and the host would be rebooted under it: zypper (process 515, holds /run/zypp.pid). Wait until it has ended, then run again (PT-E30, pulumi-passthrough/docs/errors.md#pt-e30)",
    ],
  },
];

/** What is no reason to refuse a reboot. */
export const HARMLESS: readonly { what: string; prepare: (host: SimulatedHost) => void }[] = [
  {
    what: "a connection without a terminal",
    prepare: (host: SimulatedHost): void => {
      host.activity.logIn({ user: "ansible", from: "192.0.2.8" });
    },
  },
  {
    what: "the greeter of a desktop",
    prepare: (host: SimulatedHost): void => {
      host.activity.logIn({ user: "gdm", terminal: "tty1", class: "greeter" });
    },
  },
  {
    what: "an inhibitor that only delays",
    prepare: (host: SimulatedHost): void => {
      host.activity.inhibit({ who: "Libvirt", why: "saving machines", mode: "delay" });
    },
  },
  {
    what: "an inhibitor of the lid switch",
    prepare: (host: SimulatedHost): void => {
      host.activity.inhibit({ who: "desktop", why: "two screens", what: "handle-lid-switch:sleep" });
    },
  },
  {
    what: "locks that nobody holds any more",
    prepare: (host: SimulatedHost): void => {
      const free = [
        host.activity.holdLock(APT),
        host.activity.openFile(ZYPPER, "515\n"),
        host.activity.openFile({ name: "pacman", pid: 616, lock: "/var/lib/pacman/db.lck" }),
      ];
      for (const end of free) end();
    },
  },
  {
    what: "a lock on another file with the same number",
    prepare: (host: SimulatedHost): void => {
      host.activity.holdLock(APT);
      host.removeFile("/proc/4242/fd/4");
    },
  },
];
