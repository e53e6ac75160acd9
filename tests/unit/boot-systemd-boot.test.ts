import { describe, expect, it } from "@jest/globals";
import { findBootLoader } from "../../provider/src/model/boot/loaders/detect";
import type { BootChange, BootRefusal, FileUndo } from "../../provider/src/model/boot/loaders/loader";
import { systemdBoot } from "../../provider/src/model/boot/loaders/systemd-boot";
import type { BootFacts, HostFacts, HostFile } from "../../provider/src/model/host-facts";
import { buildFacts } from "./facts-builder";

const EDIT = { present: ["intel_iommu=on", "iommu=pt"], absent: [] };
const UNDO_EDIT = { present: ["intel_iommu=off"], absent: EDIT.present };
const ID = "0123456789abcdef0123456789abcdef";
const FOLDER = "/boot/efi/loader/entries";

function file(path: string, text: string): HostFile {
  return { path, text, sha256: "0".repeat(64) };
}

/** As kernel-install of systemd 252 writes it. */
function entry(version: string, words: string, rest = ""): HostFile {
  const text = `title      Debian GNU/Linux 12 (bookworm)\nversion    ${version}\nmachine-id ${ID}\nsort-key   debian\n${rest}options    ${words}\nlinux      /${ID}/${version}/linux\ninitrd     /${ID}/${version}/initrd.img-${version}\n`;
  return file(`${FOLDER}/${ID}-${version}.conf`, text);
}

const NEW = entry("6.1.0-44-amd64", "root=/dev/vda2 ro quiet intel_iommu=off");
const OLD = entry("6.1.0-9-amd64", "root=/dev/vda2 ro quiet intel_iommu=off");
const TOOLS = { bootctl: "/usr/bin/bootctl", "kernel-install": "/usr/bin/kernel-install" };
const LOADER = { info: "systemd-boot 252.39-1~deb12u1", features: 0x1ff };
const MENU = {
  path: "/boot/grub/grub.cfg",
  sha256: "1".repeat(64),
  usesBls: false,
  defaultEntry: "0",
  bootsOnce: true,
  readsCustom: true,
  linuxSection: "",
  entries: [],
};

function facts(files: readonly HostFile[], rest: Partial<BootFacts> = {}): HostFacts {
  return buildFacts({
    boot: { files, tools: TOOLS, bootPartitions: ["/boot/efi"], loaderVariables: LOADER, ...rest },
    identity: { machineId: ID },
  });
}

function plan(files: readonly HostFile[], rest: Partial<BootFacts> = {}): BootChange {
  return done(systemdBoot.plan(facts(files, rest).boot, EDIT, []));
}

function done(change: BootChange | BootRefusal): BootChange {
  if ("refused" in change) throw new Error(change.refused);
  return change;
}

/** The files after a change. */
function apply(files: readonly HostFile[], { steps }: BootChange): HostFile[] {
  const left = new Map(files.map((one) => [one.path, one]));
  for (const step of steps) {
    if (step.kind === "write") left.set(step.path, file(step.path, step.text));
    if (step.kind === "remove") left.delete(step.path);
  }
  return [...left.values()];
}

function restore(files: readonly HostFile[], undo: readonly FileUndo[]): HostFile[] {
  return apply(files, done(systemdBoot.restore(facts(files).boot, UNDO_EDIT, undo)));
}

const CMDLINE = file("/etc/kernel/cmdline", "root=/dev/vda2 ro quiet intel_iommu=off\n");

describe("systemd-boot", () => {
  it.each([
    ["one kernel, and a line for future ones", [NEW, CMDLINE], [NEW.path, CMDLINE.path]],
    ["two kernels and no line: one is made", [NEW, OLD], [NEW.path, OLD.path, CMDLINE.path]],
    ["an empty line, which is left alone", [NEW, file(CMDLINE.path, "\n")], [NEW.path]],
    ["the settings of an unused GRUB", [NEW, CMDLINE, file("/etc/default/grub", "X=1\n")], [NEW.path, CMDLINE.path]],
    [
      "an entry of another system",
      [NEW, CMDLINE, file(`${FOLDER}/b.conf`, "linux /b\noptions root=/dev/b\n")],
      [NEW.path, CMDLINE.path],
    ],
    ["a memory test", [NEW, CMDLINE, file(`${FOLDER}/m.conf`, "title M\nefi /m.efi\n")], [NEW.path, CMDLINE.path]],
    [
      "an entry for emergencies",
      [NEW, CMDLINE, entry("5", "root=/dev/vda2 systemd.unit=rescue.target")],
      [NEW.path, CMDLINE.path],
    ],
    [
      "a counted entry",
      [CMDLINE, { ...NEW, path: `${FOLDER}/${ID}-6.1.0-44-amd64+3-0.conf` }],
      [`${FOLDER}/${ID}-6.1.0-44-amd64+3-0.conf`, CMDLINE.path],
    ],
  ])("changes and restores %s", (_, files, written) => {
    const change = plan(files);

    expect(change.steps.map((step) => (step.kind === "write" ? step.path : step.kind))).toEqual(written);
    expect(change.after).toBe("root=/dev/vda2 ro quiet intel_iommu=on iommu=pt");
    const after = apply(files, change);
    expect(done(systemdBoot.plan(facts(after).boot, EDIT, change.undo)).steps).toEqual([]);
    expect(restore(after, change.undo)).toEqual(files);
  });

  it.each([
    ["the newest version", {}, [], "6.1.0-44-amd64"],
    ["what the firmware's variable names", { defaultEntry: `${ID}-6.1.0-9-amd64.conf` }, [], "6.1.0-9-amd64"],
    [
      "what loader.conf names",
      {},
      [file("/boot/efi/loader/loader.conf", "timeout 3\ndefault *-9-amd64.conf\n")],
      "6.1.0-9-amd64",
    ],
  ])("takes %s for the default", (_, variables, more, version) => {
    const files = [entry("6.1.0-44-amd64", "root=/dev/vda2 44"), entry("6.1.0-9-amd64", "root=/dev/vda2 9"), ...more];

    const { before } = plan(files, { loaderVariables: { ...LOADER, ...variables } });

    expect(before).toBe(`root=/dev/vda2 ${version.includes("44") ? "44" : "9"}`);
  });

  it("keeps the words of a line that was made and that somebody has edited since", () => {
    const change = plan([NEW]);
    const after = apply([NEW], change).map((one) =>
      one.path === CMDLINE.path ? file(one.path, `${(one.text ?? "").trim()} theirs\n`) : one,
    );

    expect(restore(after, change.undo).find(({ path }) => path === CMDLINE.path)?.text).toBe(
      "root=/dev/vda2 ro quiet intel_iommu=off theirs\n",
    );
  });

  it.each([
    ["no entries", [], {}, /is its partition mounted/],
    ["kernelstub", [NEW], { tools: { ...TOOLS, kernelstub: "/usr/bin/kernelstub" } }, /with kernelstub/],
    ["a file that is no text", [{ path: NEW.path, sha256: NEW.sha256 }], {}, /not plain UTF-8/],
  ])("refuses a host with %s", (_, files, rest, reason) => {
    expect(systemdBoot.plan(facts(files, rest).boot, EDIT, [])).toEqual({ refused: expect.stringMatching(reason) });
  });
});

describe("findBootLoader", () => {
  it.each([
    ["systemd-boot, though GRUB's files are complete", LOADER, "systemd-boot"],
    ["GRUB, when GRUB set the variable", { info: "GRUB 2.12" }, "grub"],
    ["GRUB, when no variable says otherwise", undefined, "grub"],
    ["a unified image that systemd-boot started", { ...LOADER, stub: "systemd-stub 252" }, "unified-kernel-image"],
  ])("finds %s", (_, loaderVariables, name) => {
    const files = [NEW, file("/etc/default/grub", "GRUB_CMDLINE_LINUX=x\n"), file("/boot/efi/loader/loader.conf", "")];
    const tools = { ...TOOLS, "grub-mkconfig": "/g" };
    const boot = { files, tools, grubConfig: MENU, ...(loaderVariables !== undefined && { loaderVariables }) };

    expect(findBootLoader(buildFacts({ boot }), "auto", EDIT)).toMatchObject({ name });
  });
});

describe("a trial with systemd-boot", () => {
  const words = ["root=/dev/vda2", "ro", "panic=10"];

  it("is an entry of its own without a sort key, chosen once", () => {
    const path = `${FOLDER}/_-passthrough-trial.conf`;
    const text = `title Trial boot\nversion    6.1.0-44-amd64\nmachine-id ${ID}\nlinux      /${ID}/6.1.0-44-amd64/linux\ninitrd     /${ID}/6.1.0-44-amd64/initrd.img-6.1.0-44-amd64\noptions root=/dev/vda2 ro panic=10\n`;

    expect(systemdBoot.planTrial(facts([OLD, NEW]), words)).toMatchObject({
      steps: [
        { kind: "write", path, text },
        {
          kind: "boot-once",
          choice: { loader: "systemd-boot", tool: "/usr/bin/bootctl" },
          entry: "_-passthrough-trial.conf",
        },
      ],
    });
  });

  it.each([
    ["a systemd-boot with another order", { ...LOADER, info: "systemd-boot 249.11" }, [NEW], TOOLS, /250 and newer/],
    ["a systemd-boot without the one-shot choice", { ...LOADER, features: 0x1f7 }, [NEW], TOOLS, /LoaderFeatures/],
    ["a choice of somebody else", { ...LOADER, oneShotEntry: "auto-windows" }, [NEW], TOOLS, /auto-windows is chosen/],
    ["a host without bootctl", LOADER, [NEW], {}, /bootctl is missing/],
    ["an entry that might sort behind it", LOADER, [NEW, file(`${FOLDER}/-x.conf`, "linux /x\n")], TOOLS, /rename it/],
  ])("is refused with %s", (_, loaderVariables, files, tools, reason) => {
    const host = facts(files, { loaderVariables, tools });

    expect(systemdBoot.planTrial(host, words)).toEqual({ refused: expect.stringMatching(reason) });
  });

  it("is cleared with its file and, where it has not booted, its choice", () => {
    const trial = file(`${FOLDER}/_-passthrough-trial.conf`, "linux /x\n");
    const chosen = { ...LOADER, oneShotEntry: "_-passthrough-trial.conf" };
    const remove = { kind: "remove", path: trial.path };
    const clear = { kind: "clear-boot-once", choice: { loader: "systemd-boot", tool: "/usr/bin/bootctl" } };

    expect(systemdBoot.clearTrial(facts([NEW]))).toEqual([]);
    expect(systemdBoot.clearTrial(facts([NEW, trial]))).toEqual([remove]);
    expect(systemdBoot.clearTrial(facts([NEW, trial], { loaderVariables: chosen }))).toEqual([clear, remove]);
  });

  it("neither counts as an entry nor is edited", () => {
    const trial = file(`${FOLDER}/_-passthrough-trial.conf`, "linux /x\noptions root=/dev/vda2 panic=10\n");

    expect(plan([NEW, CMDLINE, trial]).steps).toEqual(plan([NEW, CMDLINE]).steps);
  });
});
