import { describe, expect, it } from "@jest/globals";
import { findBootLoader } from "../../provider/src/model/boot/loaders/detect";
import type { BootChange, BootLoader, BootRefusal } from "../../provider/src/model/boot/loaders/loader";
import type { BootFacts, HostFacts } from "../../provider/src/model/host-facts";
import { file } from "./boot-tables/facts";
import { buildFacts } from "./facts-builder";

const DEFAULTS = '# mine\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="console=ttyS0 intel_iommu=off"\n';
const EDIT = { present: ["intel_iommu=on", "iommu=pt"], absent: [] };

function entry(commandLine: string, isRecovery = false) {
  return { title: "Linux", commandLine, isRecovery };
}

/** What a menu that can boot once says. */
const MENU = { defaultEntry: "0", bootsOnce: true, readsCustom: true, linuxSection: "" };

const DEBIAN = {
  files: [file("/etc/default/grub", DEFAULTS)],
  tools: { "grub-mkconfig": "/usr/sbin/grub-mkconfig", "grub-script-check": "/usr/bin/grub-script-check" },
  grubConfig: {
    path: "/boot/grub/grub.cfg",
    sha256: "1".repeat(64),
    usesBls: false,
    ...MENU,
    entries: [entry("root=/dev/vda2 ro console=ttyS0 intel_iommu=off quiet"), entry("root=/dev/vda2 ro single", true)],
  },
} satisfies Partial<BootFacts>;

const ENTRY = "title Fedora\nlinux /vmlinuz-6.11\noptions root=/dev/vda2 ro intel_iommu=off\n";
const FEDORA: Partial<BootFacts> = {
  files: [
    file("/boot/loader/entries/a-0-rescue.conf", ENTRY.replace("6.11", "0-rescue")),
    file("/boot/loader/entries/a-6.11.conf", ENTRY),
    file("/etc/default/grub", 'GRUB_CMDLINE_LINUX="ro"\n'),
    file("/etc/kernel/cmdline", "root=/dev/vda2 ro\n"),
  ],
  tools: { "grub2-mkconfig": "/usr/sbin/grub2-mkconfig" },
  kernels: ["6.11"],
  grubConfig: { path: "/boot/grub2/grub.cfg", sha256: "1".repeat(64), usesBls: true, ...MENU, entries: [] },
};

function facts(boot: Partial<BootFacts>, distribution = ["debian"]): HostFacts {
  return buildFacts({ boot, identity: { distribution, distributionName: distribution[0] ?? "" } });
}

function loaderOf(host: HostFacts): BootLoader {
  const loader = findBootLoader(host, "auto", EDIT);
  if ("refused" in loader) throw new Error(loader.refused);
  return loader;
}

function planOf(boot: Partial<BootFacts>, edit = EDIT): BootChange | BootRefusal {
  const host = facts(boot);
  return loaderOf(host).plan(host.boot, edit, []);
}

function writtenTo(change: BootChange | BootRefusal): Record<string, string> {
  if ("refused" in change) throw new Error(change.refused);
  return Object.fromEntries(change.steps.flatMap((step) => (step.kind === "write" ? [[step.path, step.text]] : [])));
}

describe("findBootLoader", () => {
  it.each([
    ["Debian's GRUB", DEBIAN, ["debian"], "grub"],
    ["Ubuntu's GRUB", DEBIAN, ["ubuntu", "debian"], "grub"],
    ["Fedora's GRUB with entries", FEDORA, ["fedora"], "grub-bls"],
  ])("knows %s", (_, boot, distribution, name) => {
    expect(findBootLoader(facts(boot, distribution), "auto", EDIT)).toMatchObject({ name });
  });

  it.each([
    ["rpm-ostree", { ...FEDORA, markers: ["/run/ostree-booted"] }, ["fedora"], /rpm-ostree/],
    ["Proxmox's tool", { ...DEBIAN, markers: ["/etc/kernel/proxmox-boot-uuids"] }, ["debian"], /Proxmox/],
    ["systemd-boot", { markers: ["/boot/loader/loader.conf"] }, ["arch"], /systemd-boot/],
    ["GRUB of a distribution that is not known yet", DEBIAN, ["void"], /GRUB as void sets it up/],
    ["nothing that is known", {}, ["alpine"], /no boot loader that is known/],
  ])("refuses %s and prints the words to add by hand", (_, boot, distribution, reason) => {
    const found = findBootLoader(facts(boot, distribution), "auto", EDIT);

    expect(found).toEqual({ refused: expect.stringMatching(reason) });
    expect(found).toEqual({ refused: expect.stringContaining("by hand: add intel_iommu=on iommu=pt") });
  });

  it("refuses a loader that is named and not there", () => {
    expect(findBootLoader(facts(DEBIAN), "grub-bls", EDIT)).toEqual({
      refused: expect.stringMatching(/boots through grub, not grub-bls/),
    });
  });
});

describe("GRUB of Debian", () => {
  it("edits one line, generates the menu, and predicts the next command line", () => {
    expect(planOf(DEBIAN)).toMatchObject({
      steps: [
        {
          kind: "write",
          path: "/etc/default/grub",
          text: DEFAULTS.replace("intel_iommu=off", "intel_iommu=on iommu=pt"),
        },
        { kind: "generate", menu: { path: "/boot/grub/grub.cfg", present: EDIT.present } },
      ],
      before: "root=/dev/vda2 ro console=ttyS0 intel_iommu=off quiet",
      after: "root=/dev/vda2 ro console=ttyS0 intel_iommu=on iommu=pt quiet",
    });
  });

  it("only generates a menu that is older than the settings", () => {
    const files = [file("/etc/default/grub", DEFAULTS.replace("intel_iommu=off", "intel_iommu=on iommu=pt"))];
    const change = planOf({ ...DEBIAN, files });

    expect(change).toMatchObject({ steps: [{ kind: "generate" }], undo: [] });
  });

  it("plans nothing when settings and menu are as wanted, whatever the recovery entry says", () => {
    const text = DEFAULTS.replace("intel_iommu=off", "intel_iommu=on iommu=pt");
    const menu = {
      entries: [entry("root=/dev/vda2 ro console=ttyS0 intel_iommu=on iommu=pt quiet"), entry("ro single", true)],
    };
    const change = planOf({
      ...DEBIAN,
      files: [file("/etc/default/grub", text)],
      grubConfig: { ...DEBIAN.grubConfig, ...menu },
    });

    expect(change).toMatchObject({ steps: [], descriptions: [] });
  });

  it("gives the original bytes back, also when another line has changed since", () => {
    const host = facts(DEBIAN);
    const change = planOf(DEBIAN);
    if ("refused" in change) throw new Error(change.refused);
    const after = (writtenTo(change)["/etc/default/grub"] ?? "").replace("# mine", "# mine, edited");
    const changed = facts({ ...DEBIAN, files: [file("/etc/default/grub", after)] });
    const back = loaderOf(host).restore(
      changed.boot,
      { present: ["intel_iommu=off"], absent: EDIT.present },
      change.undo,
    );

    expect(writtenTo(back)["/etc/default/grub"]).toBe(DEFAULTS.replace("# mine", "# mine, edited"));
  });

  it("takes its words out of a line that somebody else changed", () => {
    const change = planOf(DEBIAN);
    if ("refused" in change) throw new Error(change.refused);
    const after = (writtenTo(change)["/etc/default/grub"] ?? "").replace(
      "console=ttyS0",
      "console=ttyS1 mitigations=off",
    );
    const changed = facts({ ...DEBIAN, files: [file("/etc/default/grub", after)] });
    const back = loaderOf(changed).restore(
      changed.boot,
      { present: ["intel_iommu=off"], absent: EDIT.present },
      change.undo,
    );

    expect(writtenTo(back)["/etc/default/grub"]).toContain(
      'GRUB_CMDLINE_LINUX="console=ttyS1 mitigations=off intel_iommu=off"',
    );
  });

  it("refuses a drop-in that sets the variable anew", () => {
    const dropIn = file("/etc/default/grub.d/50-cloudimg.cfg", 'GRUB_CMDLINE_LINUX="console=tty1"\n');

    expect(planOf({ ...DEBIAN, files: [...DEBIAN.files, dropIn] })).toEqual({
      refused: expect.stringMatching(
        /50-cloudimg\.cfg sets GRUB_CMDLINE_LINUX anew.*by hand: add intel_iommu=on iommu=pt/,
      ),
    });
  });

  it("does not touch a file that is no text", () => {
    expect(planOf({ ...DEBIAN, files: [{ path: "/etc/default/grub", sha256: "2".repeat(64) }] })).toEqual({
      refused: expect.stringMatching(/not plain UTF-8 text/),
    });
  });
});

describe("GRUB of Fedora", () => {
  it("edits every entry but the rescue one, and the settings for future kernels", () => {
    expect(writtenTo(planOf(FEDORA))).toEqual({
      "/boot/loader/entries/a-6.11.conf": ENTRY.replace("intel_iommu=off", "intel_iommu=on iommu=pt"),
      "/etc/default/grub": 'GRUB_CMDLINE_LINUX="ro intel_iommu=on iommu=pt"\n',
      "/etc/kernel/cmdline": "root=/dev/vda2 ro intel_iommu=on iommu=pt\n",
    });
  });
});
