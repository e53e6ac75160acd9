import { describe, expect, it } from "@jest/globals";
import { findBootLoader } from "../../provider/src/model/boot/loaders/detect";
import type { BootChange, BootLoader, BootRefusal } from "../../provider/src/model/boot/loaders/loader";
import type { HostFacts } from "../../provider/src/model/host-facts";
import type { KernelArgumentEdit } from "../../provider/src/model/kernel/command-line";
import { applySteps, changedTexts, factsOf, textsOf, type BootHost } from "./boot-tables/facts";
import { RHEL8, RHEL9, ROWS } from "./boot-tables/hosts";
import { buildUse } from "./facts-builder";

const EDIT = { present: ["intel_iommu=on", "iommu=pt"], absent: ["intel_iommu=off"] };
const BACK = { present: ["intel_iommu=off"], absent: EDIT.present };

function loaderOf(facts: HostFacts, edit: KernelArgumentEdit = EDIT): BootLoader {
  const loader = findBootLoader(facts, "auto", edit);
  if ("refused" in loader) throw new Error(loader.refused);
  return loader;
}

function succeed(change: BootChange | BootRefusal): BootChange {
  if ("refused" in change) throw new Error(change.refused);
  return change;
}

/** The host after an edit, and what is needed to take it back. */
function carryOut(
  facts: HostFacts,
  edit: KernelArgumentEdit,
): { readonly after: HostFacts; readonly change: BootChange } {
  const change = succeed(loaderOf(facts, edit).plan(facts.boot, edit, []));
  return { after: applySteps(facts, change.steps, change.after), change };
}

function without<T extends object, K extends keyof T>(whole: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(whole).filter(([name]) => name !== key)) as Omit<T, K>;
}

describe.each(ROWS)("$name", ({ host, loader, changed, generates, after: line }) => {
  const facts = factsOf(host);

  it("is recognised, and changes what it must and nothing else", () => {
    const { after, change } = carryOut(facts, EDIT);

    expect(loaderOf(facts).name).toBe(loader);
    expect(changedTexts(facts, after)).toEqual(changed);
    expect(change.after).toBe(line);
    const menus = change.steps.flatMap((step) => (step.kind === "generate" ? [step.menu] : []));
    expect(menus).toEqual(generates === undefined ? [] : [expect.objectContaining(generates)]);
  });

  it("has nothing left to do the second time", () => {
    const { after, change } = carryOut(facts, EDIT);

    expect(succeed(loaderOf(after).plan(after.boot, EDIT, change.undo))).toMatchObject({
      steps: [],
      undo: change.undo,
      before: line,
    });
  });

  it("is restored byte for byte", () => {
    const { after, change } = carryOut(facts, EDIT);
    const back = succeed(loaderOf(after).restore(after.boot, BACK, change.undo));

    expect(textsOf(applySteps(after, back.steps, back.after))).toEqual(textsOf(facts));
  });

  it("never touches a stub on the EFI system partition, and never calls grubby", () => {
    const { change } = carryOut(facts, EDIT);
    const written = change.steps.flatMap((step) => ("path" in step ? [step.path] : []));

    expect(written.filter((path) => /^\/boot\/efi\/.*grub\.cfg$/.test(path))).toEqual([]);
    expect(JSON.stringify(change.steps)).not.toContain("grubby");
  });
});

const TUNED_LINE =
  'GRUB_CMDLINE_LINUX_DEFAULT="${GRUB_CMDLINE_LINUX_DEFAULT:+$GRUB_CMDLINE_LINUX_DEFAULT }\\$tuned_params"';

/** A host like RHEL 9 with one entry, and settings that say the same. */
function simpleHost(words: string, defaults = `GRUB_CMDLINE_LINUX="${words}"\n`): BootHost {
  return {
    ...RHEL9,
    files: {
      "/etc/default/grub": defaults,
      "/etc/kernel/cmdline": `root=/dev/sda2 ro ${words}\n`,
      "/boot/loader/entries/m-5.14.0-427.el9.x86_64.conf": `title R\nlinux /vmlinuz-5.14\noptions root=/dev/sda2 ro ${words} $tuned_params\n`,
    },
  };
}

/** The words of each place after the edit. */
function wordsAfter(host: BootHost, edit: KernelArgumentEdit): readonly string[] {
  const texts = textsOf(carryOut(factsOf(host), edit).after);
  const entry = Object.entries(texts).find(([path]) => path.includes("/entries/"))?.[1] ?? "";
  return [
    /^options root=\S+ ro (.*)$/m.exec(entry)?.[1] ?? "",
    /^root=\S+ ro (.*)$/m.exec(texts["/etc/kernel/cmdline"] ?? "")?.[1] ?? "",
    texts["/etc/default/grub"] ?? "",
  ];
}

describe("what grubby does and we do not", () => {
  const TRAPS: readonly (readonly [trap: string, words: string, edit: KernelArgumentEdit, after: string])[] = [
    [
      "drop other values of console=",
      "console=tty0 console=ttyS0,115200",
      { present: ["console=ttyS1"], absent: [] },
      "console=tty0 console=ttyS0,115200 console=ttyS1",
    ],
    [
      "drop other values of pci=",
      "pci=noaer pci=nomsi",
      { present: ["pci=realloc"], absent: [] },
      "pci=noaer pci=nomsi pci=realloc",
    ],
    [
      "take iommu=… out with iommu",
      "iommu iommu=pt intel_iommu=on",
      { present: [], absent: ["iommu"] },
      "iommu=pt intel_iommu=on",
    ],
    [
      "take intel_iommu=… for iommu=…",
      "intel_iommu=pt iommu=pt",
      { present: [], absent: ["iommu=pt"] },
      "intel_iommu=pt",
    ],
    ["leave intel_iommu=off when on is declared", "intel_iommu=off quiet", EDIT, "intel_iommu=on quiet iommu=pt"],
    [
      "read a dot as any sign",
      "vfio-pciXids=1:2 vfio-pci.ids=1:2",
      { present: [], absent: ["vfio-pci.ids=1:2"] },
      "vfio-pciXids=1:2",
    ],
    [
      "read a dot of a new key as any sign",
      "vfio-pciXids=1:2",
      { present: ["vfio-pci.ids=3:4"], absent: [] },
      "vfio-pciXids=1:2 vfio-pci.ids=3:4",
    ],
  ];

  it.each(TRAPS)("%s", (_, words, edit, after) => {
    const [entry = "", future, settings] = wordsAfter(simpleHost(words), edit);

    expect(
      entry
        .split(" ")
        .filter((word) => word !== "$tuned_params")
        .join(" "),
    ).toBe(after);
    expect(entry.split(" ")).toContain("$tuned_params");
    expect(future).toBe(after);
    expect(settings).toBe(`GRUB_CMDLINE_LINUX="${after}"\n`);
  });

  it("lose GRUB_CMDLINE_LINUX_DEFAULT, comments that look like it, and TuneD's line", () => {
    const defaults = `GRUB_CMDLINE_LINUX="resume=1"\n#GRUB_CMDLINE_LINUX="old"\nGRUB_CMDLINE_LINUX_RECOVERY="single"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n${TUNED_LINE}\n`;
    const [, , settings] = wordsAfter(simpleHost("resume=1 quiet", defaults), EDIT);

    expect(settings).toBe(defaults.replace('"quiet"', '"quiet intel_iommu=on iommu=pt"'));
  });

  it("leave future kernels without the words while a new one is pending", () => {
    const [, future] = wordsAfter(simpleHost("quiet"), EDIT);

    expect(future).toBe("quiet intel_iommu=on iommu=pt");
  });
});

describe("what is refused", () => {
  const CONFIG = { path: "/boot/grub2/grub.cfg", usesBls: false, lines: ["root=UUID=1 ro quiet"] };
  const SUSE: BootHost = {
    distribution: ["opensuse-tumbleweed", "opensuse", "suse"],
    files: {
      "/etc/default/grub": "GRUB_CMDLINE_LINUX_DEFAULT=\n",
      "/etc/sysconfig/bootloader": 'LOADER_TYPE="grub2-bls"\n',
    },
    menu: CONFIG,
  };
  const NOTHING: BootHost = { distribution: ["alpine"], files: {} };
  const [path = "", lines = []] = [RHEL8.block?.path, RHEL8.block?.lines];
  function withLines(change: (all: readonly string[]) => readonly string[]): BootHost {
    return { ...RHEL8, block: { path, lines: change(lines) } };
  }
  const withoutBlock = without(RHEL8, "block");
  const tuned = { path, lines: ["tuned_params=intel_iommu=off"] };
  const REFUSALS: readonly (readonly [what: string, host: BootHost, reason: RegExp])[] = [
    ["kernelopts without a grubenv", withoutBlock, /\(grubenv\) is missing; by hand: add intel_iommu=on iommu=pt/],
    [
      "a grubenv without kernelopts",
      withLines((all) => all.slice(0, 2)),
      /does not set it to one line.*grub2-mkconfig -o \/boot\/grub2\/grub\.cfg/,
    ],
    ["kernelopts twice", withLines((all) => [...all, "kernelopts=root=/dev/sdb1"]), /sets it more than once/],
    [
      "a grubenv that is full",
      withLines((all) => [...all, `x=${"y".repeat(780)}`]),
      /1024 bytes, and \d+ too few are left.*by hand: add/,
    ],
    [
      "TuneD's words that contradict",
      { ...RHEL9, block: tuned, files: simpleHost("intel_iommu=on").files },
      /words from \$tuned_params of grubenv that contradict/,
    ],
    [
      "a menu that the generator would make another one",
      { ...RHEL9, menu: CONFIG },
      /GRUB_ENABLE_BLSCFG in \/etc\/default\/grub.*by hand: add/,
    ],
    ["openSUSE's entries", SUSE, /sdbootutil update-all-entries\), which this release does not change; by hand: add/],
    [
      "openSUSE told to leave the boot loader alone",
      { ...SUSE, files: { ...SUSE.files, "/etc/sysconfig/bootloader": "LOADER_TYPE=none\n" } },
      /told to leave alone.*by hand: add/,
    ],
    [
      "extlinux",
      { ...NOTHING, markers: ["/boot/extlinux.conf"] },
      /extlinux \(.*APPEND.*by hand: add intel_iommu=on iommu=pt and take out intel_iommu=off/,
    ],
    ["syslinux", { ...NOTHING, markers: ["/boot/syslinux/syslinux.cfg"] }, /syslinux \(.*by hand: add/],
    ["zipl", { ...NOTHING, markers: ["/etc/zipl.conf"] }, /zipl \(.*by hand: add/],
    ["Limine", { ...NOTHING, markers: ["/boot/limine.conf"] }, /Limine \(.*by hand: add/],
    ["rEFInd", { ...NOTHING, markers: ["/boot/refind_linux.conf"] }, /rEFInd \(.*by hand: add/],
    ["LILO", { ...NOTHING, markers: ["/etc/lilo.conf"] }, /LILO \(.*by hand: add/],
    ["GRUB Legacy", { ...NOTHING, markers: ["/boot/grub/menu.lst"] }, /GRUB Legacy \(.*by hand: add/],
    [
      "GRUB of a distribution that is not known",
      { ...NOTHING, files: { "/etc/default/grub": "" }, menu: CONFIG },
      /GRUB as alpine sets it up.*by hand: add/,
    ],
  ];

  it.each(REFUSALS)("%s", (_, host, reason) => {
    const facts = factsOf(host);
    const loader = findBootLoader(facts, "auto", EDIT);
    const answer = "refused" in loader ? loader : loader.plan(facts.boot, EDIT, []);

    expect(answer).toEqual({ refused: expect.stringMatching(reason) });
  });
});

describe("what others did since", () => {
  it("to kernelopts stays, and only our words go", () => {
    const facts = factsOf(RHEL8);
    const { after, change } = carryOut(facts, EDIT);
    const text = textsOf(after)["/boot/grub2/grubenv"] ?? "";
    const edited = text.replace("crashkernel=auto", "crashkernel=1G").replace(" iommu=pt", " iommu=pt theirs=1");
    const now = {
      ...after,
      boot: { ...after.boot, grubEnvironmentBlock: { path: "/boot/grub2/grubenv", text: edited } },
    };
    const back = succeed(loaderOf(now).restore(now.boot, { present: [], absent: EDIT.present }, change.undo));

    expect(textsOf(applySteps(now, back.steps, back.after))["/boot/grub2/grubenv"]?.split("\n")[3]).toMatch(
      /^kernelopts=.* crashkernel=1G {2}resume=.* quiet +theirs=1$/,
    );
  });

  it("to an /etc/kernel/cmdline that we made keeps it, without our words", () => {
    const files = without(RHEL9.files, "/etc/kernel/cmdline");
    const { after, change } = carryOut(factsOf({ ...RHEL9, files }), EDIT);
    const boot = {
      ...after.boot,
      files: after.boot.files.map((one) =>
        one.path === "/etc/kernel/cmdline" ? { ...one, text: `${one.text?.trim() ?? ""} theirs=1\n` } : one,
      ),
    };
    const back = succeed(loaderOf(after).restore(boot, { present: [], absent: EDIT.present }, change.undo));

    expect(textsOf(applySteps({ ...after, boot }, back.steps, back.after))["/etc/kernel/cmdline"]).toMatch(
      /ttyS0,115200 theirs=1\n$/,
    );
  });

  it("to an entry that names $kernelopts is not taken for ours", () => {
    const release = "4.18.0-553.el8.x86_64";
    const path = Object.keys(RHEL8.files).find((one) => one.includes(release)) ?? "";
    const own = {
      ...RHEL8.files,
      [path]: (RHEL8.files[path] ?? "").replace("$tuned_params", "$tuned_params iommu=pt"),
    };
    const facts = factsOf({ ...RHEL8, files: own });
    const { after, change } = carryOut(facts, EDIT);
    const back = succeed(loaderOf(after).restore(after.boot, { present: [], absent: EDIT.present }, change.undo));

    expect(textsOf(applySteps(after, back.steps, back.after))).toEqual(textsOf(facts));
  });
});

describe("a trial", () => {
  function rowOf(name: string): HostFacts {
    const row = ROWS.find((candidate) => candidate.name.startsWith(name));
    if (row === undefined) throw new Error(`no row ${name}`);
    return factsOf(row.host);
  }

  it.each([
    ["openSUSE", buildUse("/", [], { fileSystem: "btrfs", source: "/dev/vda2" }), /\/ is btrfs: GRUB cannot clear/],
    ["Fedora", buildUse("/", [], { source: "/dev/mapper/fedora-root" }), /lies on LVM.*GRUB cannot clear/],
  ])("is refused on %s where GRUB could not end it", (name, use, reason) => {
    const facts = { ...rowOf(name), storage: { uses: [use] } };

    expect(loaderOf(facts).planTrial(facts, ["ro"])).toEqual({ refused: expect.stringMatching(reason) });
  });

  it("lies beside the menu on the EFI system partition of RHEL 8", () => {
    const facts = rowOf("RHEL 8 on EFI");

    expect(loaderOf(facts).planTrial(facts, ["root=/dev/sda2", "ro"])).toMatchObject({
      steps: [
        { kind: "write", path: "/boot/efi/EFI/redhat/custom.cfg", text: expect.stringContaining("root=/dev/sda2 ro") },
        { kind: "boot-once", choice: { path: "/boot/efi/EFI/redhat/grubenv" } },
      ],
    });
  });
});
