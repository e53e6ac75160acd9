import { describe, expect, it } from "@jest/globals";
import type { BootFacts, GrubConfigFacts, HostFacts, StorageUse } from "../../provider/src/model/host-facts";
import { findMenuBlock, parseMenuBlocks } from "../../provider/src/model/boot/trial/grub-menu";
import { clearGrubTrial, planGrubTrial, TRIAL_ENTRY } from "../../provider/src/model/boot/trial/grub-trial";
import { GUARD_PATH, renderGuardUnit } from "../../provider/src/model/boot/trial/guard-unit";
import { findTrialId, listTrialWords } from "../../provider/src/model/boot/trial/words";
import { buildFacts } from "./facts-builder";

const SECTION = `### BEGIN /etc/grub.d/10_linux ###
function gfxmode {
	set gfxpayload="\${1}"
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-1' {
	load_video
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	search --no-floppy --fs-uuid --set=root 1
	linux	/boot/vmlinuz-6.1.0-42-amd64 root=UUID=1 ro quiet
	initrd	/boot/initrd.img-6.1.0-42-amd64
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1' {
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-42-amd64' --class debian $menuentry_id_option 'gnulinux-6.1.0-42-amd64-advanced-1' {
		linux	/boot/vmlinuz-6.1.0-42-amd64 root=UUID=1 ro quiet
		initrd	/boot/initrd.img-6.1.0-42-amd64
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-40-amd64' --class debian $menuentry_id_option 'gnulinux-6.1.0-40-amd64-advanced-1' {
		linux	/boot/vmlinuz-6.1.0-40-amd64 root=UUID=1 ro quiet
		initrd	/boot/initrd.img-6.1.0-40-amd64
	}
}
### END /etc/grub.d/10_linux ###`;

const MENU: GrubConfigFacts = {
  path: "/boot/grub/grub.cfg",
  sha256: "1".repeat(64),
  usesBls: false,
  defaultEntry: "0",
  bootsOnce: true,
  readsCustom: true,
  linuxSection: SECTION,
  entries: [],
};

const TOOLS = { "grub-editenv": "/usr/bin/grub-editenv", "grub-probe": "/usr/sbin/grub-probe" };
const WORDS = ["root=UUID=1", "ro", "quiet", "intel_iommu=on", "passthrough.trial=abc"];

interface HostOptions {
  readonly menu?: Partial<GrubConfigFacts>;
  readonly boot?: Partial<BootFacts>;
  readonly root?: Partial<StorageUse>;
}

function host({ menu = {}, boot = {}, root = {} }: HostOptions = {}): HostFacts {
  const use: StorageUse = {
    mountPoint: "/",
    source: "/dev/vda2",
    fileSystem: "ext4",
    functions: [],
    isTraced: true,
    ...root,
  };
  return buildFacts({ boot: { tools: TOOLS, grubConfig: { ...MENU, ...menu }, ...boot }, storage: { uses: [use] } });
}

function textOf(facts: HostFacts): string {
  const entry = planGrubTrial(facts, WORDS);
  if ("refused" in entry) throw new Error(entry.refused);
  const [step] = entry.steps;
  if (step?.kind !== "write") throw new Error("the first step writes the entry");
  return step.text;
}

describe("parseMenuBlocks", () => {
  it("finds the entries of menus and submenus by place, id and title", () => {
    const blocks = parseMenuBlocks(SECTION);

    expect(blocks.map(({ position, id }) => [position, id])).toEqual([
      ["0", "gnulinux-simple-1"],
      ["1>0", "gnulinux-6.1.0-42-amd64-advanced-1"],
      ["1>1", "gnulinux-6.1.0-40-amd64-advanced-1"],
    ]);
    expect(findMenuBlock(blocks, "1>1")?.id).toBe("gnulinux-6.1.0-40-amd64-advanced-1");
    expect(findMenuBlock(blocks, "gnulinux-advanced-1>gnulinux-6.1.0-40-amd64-advanced-1")?.position).toBe("1>1");
    expect(findMenuBlock(blocks, "Debian GNU/Linux")?.position).toBe("0");
    expect(findMenuBlock(blocks, "7")).toBeUndefined();
  });
});

describe("planGrubTrial", () => {
  it("copies the default entry with other words behind the kernel", () => {
    const lines = textOf(host()).split("\n");

    expect(lines).toContain(`menuentry 'Trial boot' --unrestricted --id ${TRIAL_ENTRY} {`);
    expect(lines).toContain("\tsearch --no-floppy --fs-uuid --set=root 1");
    expect(lines).toContain(`\tlinux /boot/vmlinuz-6.1.0-42-amd64 ${WORDS.join(" ")}`);
    expect(lines).toContain("\tinitrd\t/boot/initrd.img-6.1.0-42-amd64");
  });

  it.each([
    ["a place", "1>1", {}],
    ["an id", "gnulinux-6.1.0-40-amd64-advanced-1", {}],
    ["a saved entry", "${saved_entry}", { saved_entry: "gnulinux-6.1.0-40-amd64-advanced-1" }],
  ])("takes the entry that is the default by %s", (_what, defaultEntry, grubEnvironment) => {
    expect(textOf(host({ menu: { defaultEntry }, boot: { grubEnvironment } }))).toContain(
      "/boot/vmlinuz-6.1.0-40-amd64",
    );
  });

  it.each([
    ["LVM", { root: { source: "/dev/mapper/vg-root" } }, /LVM or a mapped device .*one-shot choice there/],
    ["RAID", { root: { source: "/dev/md0" } }, /RAID \(\/dev\/md0\)/],
    ["btrfs", { root: { fileSystem: "btrfs" } }, /\/ is btrfs: GRUB cannot clear/],
    ["ZFS", { root: { fileSystem: "zfs", source: "rpool/ROOT/debian" } }, /\/ is zfs/],
    ["a menu without next_entry", { menu: { bootsOnce: false } }, /does not look at next_entry/],
    ["a menu without custom.cfg", { menu: { readsCustom: false } }, /does not read custom\.cfg/],
    ["no grub-editenv", { boot: { tools: {} } }, /grub-editenv or grub-probe is missing/],
    ["no entry with a kernel", { menu: { linuxSection: "" } }, /has no entry/],
  ] as const)("refuses %s", (_what, options, reason) => {
    expect(planGrubTrial(host(options), WORDS)).toEqual({ refused: expect.stringMatching(reason) });
  });

  it("refuses words that GRUB would read as its own", () => {
    expect(planGrubTrial(host(), [...WORDS, "$evil"])).toEqual({ refused: expect.stringContaining('"$evil"') });
  });
});

describe("clearGrubTrial", () => {
  it.each([
    ["nothing before", undefined],
    ["a text", "menuentry 'Mine' {\n}\n"],
    ["a text without a newline at its end", "menuentry 'Mine' {\n}"],
  ])("brings custom.cfg back with %s", (_what, before) => {
    const files = before === undefined ? [] : [{ path: "/boot/grub/custom.cfg", sha256: "", text: before }];
    const written = textOf(host({ boot: { files } }));

    const steps = clearGrubTrial(
      host({
        boot: {
          files: [{ path: "/boot/grub/custom.cfg", sha256: "", text: written }],
          grubEnvironment: { next_entry: TRIAL_ENTRY },
        },
      }),
    );

    expect(steps.map((step) => step.kind)).toEqual(["clear-boot-once", before === undefined ? "remove" : "write"]);
    expect(steps[1]).toMatchObject(before === undefined ? {} : { text: before });
  });

  it("leaves an operator's own one-shot choice and custom.cfg alone", () => {
    const files = [{ path: "/boot/grub/custom.cfg", sha256: "", text: "menuentry 'Mine' {\n}\n" }];

    expect(clearGrubTrial(host({ boot: { files, grubEnvironment: { next_entry: "2" } } }))).toEqual([]);
  });
});

describe("the words of a trial", () => {
  it("hold a way back for each way to fail", () => {
    expect(listTrialWords({ id: "abc", hasWatchdog: true })).toEqual([
      "panic=10",
      "rd.shell=0",
      "rd.emergency=reboot",
      "systemd.watchdog_sec=60",
      "systemd.wants=passthrough-trial.service",
      "passthrough.trial=abc",
    ]);
    expect(listTrialWords({ id: "abc", hasWatchdog: false }).join(" ")).not.toContain("watchdog");
  });

  it("tell trials apart by whole words", () => {
    expect(findTrialId(["ro", "passthrough.trial=abc"])).toBe("abc");
    expect(findTrialId(["ro", "xpassthrough.trial=abc", "passthrough.trials=abc"])).toBeUndefined();
  });
});

describe("renderGuardUnit", () => {
  it("runs on its own trial only, survives a change of the target, and restarts after the time given", () => {
    const unit = renderGuardUnit("abc", 120);

    expect(GUARD_PATH).toBe("/etc/systemd/system/passthrough-trial.service");
    expect(unit).toContain("ConditionKernelCommandLine=passthrough.trial=abc\n");
    expect(unit).toContain("IgnoreOnIsolate=yes\n");
    expect(unit).toMatch(/^ExecStart=\/bin\/sh -c 'sleep 120; [^']*systemctl reboot --force --force; [^']*'$/m);
  });

  it("escapes what systemd would read itself", () => {
    expect(renderGuardUnit("abc", 120)).not.toMatch(/(?<!\$)\$(?!\$)/);
  });
});
