import { describe, expect, it } from "@jest/globals";
import type { HostFacts } from "../../provider/src/model/host-facts";
import { DOMAIN_RECORD, parseDomainLines, renderDomainLines } from "../../provider/src/model/reboot/domain-record";
import { HostIommuConfigInputs } from "../../provider/src/resources/host-iommu-config/inputs";
import { planReboot, type RebootPlan } from "../../provider/src/resources/host-iommu-config/reboot";
import { buildFacts, type FactsOverrides } from "./facts-builder";

const [A, B, C] = [1, 2, 3].map((n) => `0000000${n}-0000-4000-8000-000000000000`) as [string, string, string];
const WHY = ["the running kernel was not booted with iommu=pt"];
const GENERATE = {
  kind: "generate",
  menu: {
    tool: "/usr/sbin/grub-mkconfig",
    checker: "/usr/bin/grub-script-check",
    path: "/boot/grub/grub.cfg",
    present: [],
    absent: [],
  },
} as const;
const APT = { pid: "42", name: "apt-get", lock: "/var/lib/dpkg/lock" };

function buildDomain(uuid: string, name: string, state: string): HostFacts["libvirt"]["domains"][number] {
  return { uuid, name, state, xml: "", sha256: "", ...(state !== "shut off" && { liveXml: "" }) };
}

const RUNNING = [buildDomain(A, "db", "running"), buildDomain(B, "off", "shut off"), buildDomain(C, "web", "running")];

interface Situation {
  readonly facts?: FactsOverrides;
  readonly reboot?: object;
  readonly reasons?: readonly string[];
  readonly isAllowed?: boolean;
  readonly doesGenerate?: boolean;
}

function plan({ facts, reboot, reasons = WHY, isAllowed = true, doesGenerate = false }: Situation): RebootPlan {
  const { reboot: settings } = HostIommuConfigInputs.parse({ host: "kvm1", reboot });
  return planReboot(buildFacts(facts), { settings, reasons, isAllowed, bootSteps: doesGenerate ? [GENERATE] : [] });
}

function listProblems(situation: Situation): string[] {
  const planned = plan(situation);
  return "problems" in planned ? planned.problems.map(({ property }) => property) : [];
}

const SESSION = { sessions: [{ user: "alice", terminal: "pts/0" }] };
const INHIBITOR = { inhibitors: [{ pid: "7", who: "backup", why: "tape" }] };
const PACKAGES = { packageManagers: [APT] };

describe("what stands in the way of a reboot", () => {
  it.each<[string, Situation, string[]]>([
    ["nothing", {}, []],
    ["running domains", { facts: { libvirt: { domains: RUNNING } } }, ["reboot.runningDomains"]],
    [
      "no domains that are shut down first",
      { facts: { libvirt: { domains: RUNNING } }, reboot: { runningDomains: "shutdown" } },
      [],
    ],
    ["users", { facts: { activity: SESSION } }, ["reboot.loggedInUsers"]],
    ["no users that are ignored", { facts: { activity: SESSION }, reboot: { loggedInUsers: "ignore" } }, []],
    ["inhibitors", { facts: { activity: INHIBITOR } }, ["reboot.inhibitors"]],
    ["no inhibitors that are ignored", { facts: { activity: INHIBITOR }, reboot: { inhibitors: "ignore" } }, []],
    ["package managers", { facts: { activity: PACKAGES } }, ["host"]],
    [
      "all of them, at once",
      { facts: { activity: { ...SESSION, ...INHIBITOR, ...PACKAGES }, libvirt: { domains: RUNNING } } },
      ["host", "reboot.runningDomains", "reboot.loggedInUsers", "reboot.inhibitors"],
    ],
  ])("is %s", (_what, situation, properties) => {
    expect(listProblems(situation)).toEqual(properties);
  });

  const BUSY: FactsOverrides = { activity: { ...SESSION, ...INHIBITOR, ...PACKAGES }, libvirt: { domains: RUNNING } };

  it.each<[string, Situation, string[]]>([
    ["a reboot that is not allowed", { isAllowed: false }, []],
    ["a reboot that is not needed", { reasons: [] }, []],
    ["a menu that is generated without a reboot", { isAllowed: false, doesGenerate: true }, ["host"]],
  ])("of %s, only a package manager where a menu is generated", (_what, situation, properties) => {
    expect(listProblems({ ...situation, facts: BUSY })).toEqual(properties);
  });
});

describe("a reboot that may be done", () => {
  it("names what it shuts down, in order, and what it starts again", () => {
    const record = { [DOMAIN_RECORD]: `${A} db\n${B} off\n` };
    const planned = plan({
      facts: { libvirt: { domains: RUNNING }, records: record },
      reboot: { runningDomains: "shutdown", domainShutdownTimeoutSeconds: 60, timeoutSeconds: 300 },
    });

    expect(planned).toEqual({
      shutDown: ["shut down db, web, one after another, each within 60 s"],
      startAgain: ["start web, db, off again"],
      warnings: [],
      shown: { shutsDown: ["db", "web"] },
      start: [],
      reboot: {
        timeoutSeconds: 300,
        conditions: {
          loggedInUsers: "refuse",
          inhibitors: "refuse",
          domains: [
            { uuid: A, name: "db" },
            { uuid: C, name: "web" },
          ],
          domainShutdownTimeoutSeconds: 60,
        },
      },
    });
  });

  it("says what it goes on over", () => {
    const planned = plan({
      facts: { activity: { ...SESSION, ...INHIBITOR } },
      reboot: { loggedInUsers: "ignore", inhibitors: "ignore" },
    });

    expect(planned).toMatchObject({
      warnings: [
        "the reboot will end the session of alice on pts/0",
        "the reboot will not wait for backup (process 7): tape",
      ],
    });
  });

  const grubConfig = {
    ...{
      path: "/boot/grub/grub.cfg",
      sha256: "0",
      usesBls: false,
      defaultEntry: "0",
      bootsOnce: true,
      readsCustom: true,
    },
    ...{ linuxSection: "linux /vmlinuz-6.1.0-43-amd64 ro\n", entries: [] },
  };

  it.each([
    [["6.1.0-42-amd64", "6.1.0-43-amd64"], ""],
    [
      ["6.1.0-43-amd64"],
      "; the modules of 6.1.0-42-amd64 are gone from the disk already, so that nothing that is not loaded can be loaded before the reboot",
    ],
  ])("brings the kernel that waits for one, with modules of %j", (installedModules, more) => {
    const facts = { boot: { grubConfig }, kernel: { installedModules } };
    for (const isAllowed of [true, false])
      expect(plan({ facts, isAllowed })).toMatchObject({
        shown: { kernelAfterReboot: "6.1.0-43-amd64" },
        warnings: [`the reboot will also change the kernel, from 6.1.0-42-amd64 to 6.1.0-43-amd64${more}`],
      });
    expect(plan({ facts, reasons: [] })).toMatchObject({ shown: {}, warnings: [] });
  });

  it("leaves what an interrupted one shut down to be started without it", () => {
    const planned = plan({ facts: { records: { [DOMAIN_RECORD]: `${A} db\n${C} my web` } }, reasons: [] });

    expect(planned).toMatchObject({
      startAgain: ["start my web, db, shut down for an earlier reboot"],
      start: [
        {
          kind: "start-domains",
          domains: [
            { uuid: C, name: "my web" },
            { uuid: A, name: "db" },
          ],
        },
      ],
    });
  });
});

describe("the note of domains", () => {
  it("reads what it writes, each domain once, and nothing else", () => {
    const domains = [
      { uuid: A, name: "a b" },
      { uuid: B, name: "x" },
    ];

    expect(parseDomainLines(renderDomainLines(domains))).toEqual(domains);
    expect(parseDomainLines(`${A} old\nrubbish\n\n${A} new\n`)).toEqual([{ uuid: A, name: "new" }]);
  });
});
