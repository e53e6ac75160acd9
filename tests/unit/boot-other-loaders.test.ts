import { describe, expect, it } from "@jest/globals";
import type { BootChange, BootLoader, BootRefusal, FileUndo } from "../../provider/src/model/boot/loaders/loader";
import { proxmox } from "../../provider/src/model/boot/loaders/proxmox";
import { rpmOstree } from "../../provider/src/model/boot/loaders/rpm-ostree";
import { unifiedKernelImage } from "../../provider/src/model/boot/loaders/unified-kernel-image";
import type { BootFacts, HostFile } from "../../provider/src/model/host-facts";
import { buildFacts } from "./facts-builder";

const EDIT = { present: ["intel_iommu=on", "iommu=pt"], absent: [] };
const UNDO_EDIT = { present: ["intel_iommu=off"], absent: EDIT.present };
const LINE = "root=/dev/vda2 ro quiet intel_iommu=off";
const AFTER = "root=/dev/vda2 ro quiet intel_iommu=on iommu=pt";

function file(path: string, text: string): HostFile {
  return { path, text, sha256: "0".repeat(64) };
}

function facts(boot: Partial<BootFacts>): BootFacts {
  return buildFacts({ boot }).boot;
}

function done(change: BootChange | BootRefusal): BootChange {
  if ("refused" in change) throw new Error(change.refused);
  return change;
}

function applyWrites(files: readonly HostFile[], { steps }: BootChange): HostFile[] {
  const left = new Map(files.map((one) => [one.path, one]));
  for (const step of steps) if (step.kind === "write") left.set(step.path, file(step.path, step.text));
  return [...left.values()];
}

/** The files after a change and after its removal. */
function goAround(
  loader: BootLoader,
  boot: BootFacts,
): { after: HostFile[]; back: HostFile[]; undo: readonly FileUndo[] } {
  const change = done(loader.plan(boot, EDIT, []));
  const after = applyWrites(boot.files, change);
  const back = applyWrites(after, done(loader.restore({ ...boot, files: after }, UNDO_EDIT, change.undo)));
  return { after, back, undo: change.undo };
}

const SYSTEMD = { info: "systemd-boot 252.39-1~deb12u1" };
const TOOL = "/usr/sbin/proxmox-boot-tool";

function proxmoxFacts(files: readonly HostFile[], refreshedArguments: string, isGrub = false): BootFacts {
  return facts({
    files,
    tools: { "proxmox-boot-tool": TOOL, unshare: "/usr/bin/unshare" },
    markers: ["/etc/kernel/proxmox-boot-uuids"],
    refreshedArguments,
    ...(!isGrub && { loaderVariables: SYSTEMD }),
  });
}

describe("proxmox", () => {
  it.each([
    ["one line", `${LINE}\n`, `${AFTER}\n`, false],
    ["a line without an end", LINE, AFTER, false],
    ["lines that its tool does not read", `${LINE}\n# old: quiet\nquiet\n`, `${AFTER}\n# old: quiet\nquiet\n`, false],
    [
      "GRUB's settings",
      'GRUB_CMDLINE_LINUX="quiet intel_iommu=off"\n',
      'GRUB_CMDLINE_LINUX="quiet intel_iommu=on iommu=pt"\n',
      true,
    ],
  ])("changes and restores %s", (_, before, after, isGrub) => {
    const path = isGrub ? "/etc/default/grub" : "/etc/kernel/cmdline";
    const boot = proxmoxFacts([file(path, before)], LINE, isGrub);

    const round = goAround(proxmox, boot);

    expect(round.after).toEqual([file(path, after)]);
    expect(round.back).toEqual(boot.files);
  });

  it.each([
    ["writes, refreshes and notes it", LINE, LINE, ["record", "write", "refresh-partitions", "record"]],
    ["refreshes what an interrupted change left behind", AFTER, LINE, ["record", "refresh-partitions", "record"]],
    [
      "refreshes when it is not known what the partitions have",
      AFTER,
      `? ${AFTER}`,
      ["record", "refresh-partitions", "record"],
    ],
    ["does nothing twice", AFTER, AFTER, []],
  ])("%s", (_, line, refreshed, kinds) => {
    const boot = proxmoxFacts([file("/etc/kernel/cmdline", `${line}\n`)], refreshed);

    const change = done(proxmox.plan(boot, EDIT, []));

    expect(change.steps.map((step) => step.kind)).toEqual(kinds);
    expect(change.descriptions.length > 0).toBe(kinds.length > 0);
    expect(change.after).toBe(AFTER);
  });

  it.each([
    ["no line", [], /is missing/],
    ["a first line that is a comment", [file("/etc/kernel/cmdline", `# x\n${LINE}\n`)], /first line/],
  ])("refuses a host with %s", (_, files, reason) => {
    expect(proxmox.plan(proxmoxFacts(files, LINE), EDIT, [])).toEqual({ refused: expect.stringMatching(reason) });
  });
});

describe("rpm-ostree", () => {
  const tools = { "rpm-ostree": "/usr/bin/rpm-ostree" };

  it.each([
    ["adds", "root=x rw quiet", EDIT, ["intel_iommu=on", "iommu=pt"], []],
    ["exchanges a value", "root=x intel_iommu=off rw", EDIT, ["intel_iommu=on", "iommu=pt"], ["intel_iommu=off"]],
    [
      "takes a repeated key's one word out",
      "console=tty0 console=ttyS0",
      { present: [], absent: ["console=tty0"] },
      [],
      ["console=tty0"],
    ],
    ["does nothing twice", "root=x intel_iommu=on iommu=pt", EDIT, undefined, []],
  ])("%s", (_, line, edit, present, absent) => {
    const boot = facts({ tools, deploymentArguments: line, markers: ["/run/ostree-booted"] });

    const { steps } = done(rpmOstree.plan(boot, edit, []));

    const step = { kind: "set-arguments", tool: "/usr/bin/rpm-ostree", present, absent };
    expect(steps).toEqual(present === undefined ? [] : [step]);
  });

  it("gives the very words back", () => {
    const boot = facts({ tools, deploymentArguments: `root=x rw quiet ${EDIT.present.join(" ")}` });

    expect(done(rpmOstree.restore(boot, UNDO_EDIT, [])).after).toBe("root=x rw quiet intel_iommu=off");
  });

  it("refuses what does not answer", () => {
    expect(rpmOstree.plan(facts({ tools }), EDIT, [])).toEqual({ refused: expect.stringMatching(/did not answer/) });
  });
});

const IMAGE = "/efi/EFI/Linux/arch-linux.efi";
const PRESET = `PRESETS=('default' 'fallback')\ndefault_uki="${IMAGE}"\nfallback_image="/boot/fallback.img"\n`;
const CMDLINE = file("/etc/kernel/cmdline", `# mine\n${LINE}\n`);

function imageFacts(preset: string, image: { isSigned?: boolean; commandLine?: string } = {}): BootFacts {
  return facts({
    files: [CMDLINE, file("/etc/mkinitcpio.d/linux.preset", preset)],
    tools: { mkinitcpio: "/usr/bin/mkinitcpio" },
    loaderVariables: { ...SYSTEMD, stub: "systemd-stub 256" },
    unifiedImages: [{ path: IMAGE, isSigned: false, commandLine: LINE, ...image }],
  });
}

describe("unified kernel images", () => {
  it("edits the line, builds the image, and restores", () => {
    const boot = imageFacts(PRESET);
    const build = { preset: "/etc/mkinitcpio.d/linux.preset", name: "default", path: IMAGE, present: EDIT.present };

    expect(done(unifiedKernelImage.plan(boot, EDIT, [])).steps).toMatchObject([
      { kind: "write", path: CMDLINE.path, text: `# mine\n${AFTER}\n` },
      { kind: "build-image", build },
    ]);
    expect(goAround(unifiedKernelImage, boot).back).toEqual(boot.files);
  });

  it("builds an image that lags behind the line, and nothing twice", () => {
    const files = [file(CMDLINE.path, `${AFTER}\n`), file("/etc/mkinitcpio.d/linux.preset", PRESET)];
    const behind = { ...imageFacts(PRESET), files };
    const level = { ...imageFacts(PRESET, { commandLine: AFTER }), files };

    expect(done(unifiedKernelImage.plan(behind, EDIT, [])).steps.map(({ kind }) => kind)).toEqual(["build-image"]);
    expect(done(unifiedKernelImage.plan(level, EDIT, [])).steps).toEqual([]);
  });

  it.each([
    ["a signed image", imageFacts(PRESET, { isSigned: true }), /signed unified kernel image.*add intel_iommu=on/],
    ["an image that no preset makes", imageFacts("PRESETS=()\n"), /no preset of mkinitcpio names/],
    ["a preset with a line of its own", imageFacts(`${PRESET}default_options="--cmdline /etc/x"\n`), /no preset/],
    ["no image in sight", { ...imageFacts(PRESET), unifiedImages: [] }, /is its partition mounted/],
    [
      "no line",
      { ...imageFacts(PRESET), files: [file("/etc/mkinitcpio.d/linux.preset", PRESET)] },
      /comes from elsewhere/,
    ],
  ])("refuses %s and prints the words", (_, boot, reason) => {
    expect(unifiedKernelImage.plan(boot, EDIT, [])).toEqual({ refused: expect.stringMatching(reason) });
  });
});
