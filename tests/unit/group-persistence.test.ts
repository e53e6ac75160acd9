import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { findInitramfsTool, listBootingImages, listImages } from "../../provider/src/model/boot/initramfs";
import type { HostFile } from "../../provider/src/model/host-facts";
import {
  findOwnFiles,
  isForeign,
  listDrift,
  parseRules,
  renderBootFiles,
} from "../../provider/src/resources/pci-group-detachment/boot-files";
import { planBinding, planUnbinding } from "../../provider/src/resources/pci-group-detachment/boot-plan";
import { buildFacts, buildFunction, pciAddress } from "./facts-builder";

const INITRAMFS_TOOLS = { mkinitramfs: "/usr/sbin/mkinitramfs", lsinitramfs: "/usr/bin/lsinitramfs" };
const DRACUT = { dracut: "/usr/bin/dracut", lsinitrd: "/usr/bin/lsinitrd" };
const NIC = buildFunction("01:00.0", { subsystemId: "8086:a01f" });
const AUDIO = buildFunction("01:00.1", { id: "10de:22ba", driver: "snd_hda_intel" });
const BINDING = { device: NIC, driver: "vfio-pci", functions: [NIC, AUDIO], rivals: ["e1000e", "snd_hda_intel"] };

function render(tools: Readonly<Record<string, string>>): HostFile[] {
  const tool = findInitramfsTool(buildFacts({ boot: { tools } }));
  return renderBootFiles(BINDING, tool).map(({ path, text }) => ({
    path,
    text,
    sha256: createHash("sha256").update(text).digest("hex"),
  }));
}

const RULES = `# pulumi-passthrough binds the IOMMU group of 0000:01:00.0 8086:10d3; it writes and removes this file as a whole.
ACTION=="add", SUBSYSTEM=="pci", ATTR{[pci/0000:01:00.0]vendor}=="0x8086", ATTR{[pci/0000:01:00.0]device}=="0x10d3", ATTR{[pci/0000:01:00.0]subsystem_vendor}=="0x8086", ATTR{[pci/0000:01:00.0]subsystem_device}=="0xa01f", ATTR{[pci/0000:01:00.0]driver_override}="vfio-pci"
ACTION=="add", SUBSYSTEM=="pci", KERNEL=="0000:01:00.0", ATTR{vendor}=="0x8086", ATTR{device}=="0x10d3", ATTR{subsystem_vendor}=="0x8086", ATTR{subsystem_device}=="0xa01f", ATTR{[subsystem/pci]drivers_probe}="0000:01:00.0", RUN{builtin}+="kmod load vfio-pci"
ACTION=="add", SUBSYSTEM=="pci", ATTR{[pci/0000:01:00.1]vendor}=="0x10de", ATTR{[pci/0000:01:00.1]device}=="0x22ba", ATTR{[pci/0000:01:00.1]driver_override}="vfio-pci"
ACTION=="add", SUBSYSTEM=="pci", KERNEL=="0000:01:00.1", ATTR{vendor}=="0x10de", ATTR{device}=="0x22ba", ATTR{[subsystem/pci]drivers_probe}="0000:01:00.1", RUN{builtin}+="kmod load vfio-pci"
`;

describe("the files", () => {
  it("name every function by address and all ids that are known", () => {
    expect(render({}).map(({ text }) => text)).toEqual([RULES]);
    expect(render({}).flatMap(parseRules)).toEqual([
      { address: "0000:01:00.0", id: "8086:10d3" },
      { address: "0000:01:00.1", id: "10de:22ba" },
    ]);
  });

  it.each([
    [
      "initramfs-tools",
      INITRAMFS_TOOLS,
      "/etc/initramfs-tools/hooks/passthrough-0000-01-00.0",
      "\nforce_load vfio-pci\n",
    ],
    ["dracut", DRACUT, "/etc/dracut.conf.d/90-passthrough-0000-01-00.0.conf", '\nforce_drivers+=" vfio-pci "\n'],
  ])("take the rule into what %s builds", (_tool, tools, path, line) => {
    const [rule, carrier] = render(tools);

    expect(rule?.path).toBe("/etc/udev/rules.d/10-passthrough-0000-01-00.0.rules");
    expect(carrier).toMatchObject({ path, text: expect.stringContaining(line) });
    expect(carrier?.text).toContain(` ${String(rule?.path)} `);
  });

  it.each([
    ["its address", { address: pciAddress("01:00.0") }, true],
    ["its id alone", { id: "8086:10d3" }, true],
    ["another address", { address: pciAddress("01:00.1") }, false],
    ["the same id at another address", { address: pciAddress("02:00.0"), id: "8086:10d3" }, false],
  ])("are known as ours by %s", (_what, selector, isOurs) => {
    const facts = buildFacts({ persistence: { files: render(INITRAMFS_TOOLS) } });

    expect(findOwnFiles(facts, selector)).toHaveLength(isOurs ? 2 : 0);
  });

  it("of others are foreign, whatever their names", () => {
    expect(isForeign({ path: "/etc/udev/rules.d/10-passthrough-x.rules", sha256: "", text: "# mine\n" })).toBe(true);
  });
});

describe("drift", () => {
  it.each([
    ["the same cards", [NIC, AUDIO], []],
    [
      "no card",
      [AUDIO],
      ["0000:01:00.0 is no longer there (8086:10d3 is nowhere on this host), so nothing is bound there at boot"],
    ],
    [
      "a renumbered bus",
      [AUDIO, buildFunction("02:00.0")],
      ["0000:01:00.0 is no longer there (8086:10d3 is at 0000:02:00.0), so nothing is bound there at boot"],
    ],
    [
      "another card",
      [AUDIO, buildFunction("01:00.0", { id: "8086:1521" })],
      [
        "0000:01:00.0 is now 8086:1521, not 8086:10d3 (8086:10d3 is nowhere on this host), so nothing is bound there at boot",
      ],
    ],
  ])("says what it finds: %s", (_what, pci, drift) => {
    expect(listDrift(buildFacts({ pci }), render({}))).toEqual(drift);
  });
});

describe("the tool", () => {
  it.each([
    ["none", {}, false, undefined],
    ["half of one", { mkinitramfs: "/usr/sbin/mkinitramfs" }, false, undefined],
    ["initramfs-tools", INITRAMFS_TOOLS, false, "initramfs-tools"],
    ["dracut", DRACUT, false, "dracut"],
    ["both", { ...INITRAMFS_TOOLS, ...DRACUT }, false, "initramfs-tools"],
    ["both, of which dracut serves new kernels", { ...INITRAMFS_TOOLS, ...DRACUT }, true, "dracut"],
  ])("is found: %s", (_what, tools, isDracutHooked, kind) => {
    expect(findInitramfsTool(buildFacts({ boot: { tools }, persistence: { isDracutHooked } }))?.kind).toBe(kind);
  });
});

describe("images", () => {
  const facts = buildFacts({
    kernel: { release: "6.1.0-9-amd64", installedModules: ["6.1.0-44-amd64", "6.1.0-9-amd64", "5.10.0-1-amd64"] },
    persistence: {
      images: [
        "/boot/initrd.img-5.10.0-1-amd64",
        "/boot/initrd.img-6.1.0-9-amd64",
        "/boot/initrd.img-6.1.0-9-amd64.bak",
        "/boot/initrd.img-6.1.0-44-amd64",
        "/boot/efi/0123/6.1.0-44-amd64/initrd.img-6.1.0-44-amd64",
        "/boot/initramfs-6.1.0-44-amd64kdump.img",
        "/boot/initrd.img-6.1.0-44-amd64-of a friend",
      ].map((path) => ({ path, sizeBytes: 1, modifiedSeconds: 2 })),
    },
  });

  it("are those of installed kernels, newest first by version", () => {
    expect(listImages(facts).map(({ path }) => path)).toEqual([
      "/boot/efi/0123/6.1.0-44-amd64/initrd.img-6.1.0-44-amd64",
      "/boot/initrd.img-6.1.0-44-amd64",
      "/boot/initrd.img-6.1.0-9-amd64",
      "/boot/initrd.img-5.10.0-1-amd64",
    ]);
  });

  it("that may boot are the newest and the running kernel's", () => {
    const releases = listBootingImages(facts).map(({ release }) => release);

    expect([...new Set(releases)]).toEqual(["6.1.0-44-amd64", "6.1.0-9-amd64"]);
  });
});

describe("a binding", () => {
  const selector = { address: pciAddress("01:00.0") };
  const images = [{ path: "/boot/initrd.img-6.1.0-42-amd64", sizeBytes: 7, modifiedSeconds: 9 }];
  const base = { boot: { tools: INITRAMFS_TOOLS }, pci: [NIC, AUDIO] };

  it.each([
    ["of the image as it is", "7 9", [], 0],
    ["of another size", "8 9", [], 1],
    ["of another time", "7 10", [], 1],
    ["and a leftover of an interrupted change", "7 9", ["/boot/initrd.img-6.1.0-42-amd64.passthrough-old"], 1],
  ])("looks into an image unless there is a note %s", (_what, stamp, leftovers, count) => {
    const note = `boot/initrd.img-6.1.0-42-amd64 ${stamp} RULE carried e1000e\n`;
    const files = render(INITRAMFS_TOOLS);
    const hash = createHash("sha256").update(RULES).digest("hex").slice(0, 16);
    const facts = buildFacts({
      ...base,
      persistence: { files, images, leftovers, moduleDrivers: ["e1000e", "snd_hda_intel"] },
      records: { "initramfs-0000:01:00.0": note.replace("RULE", hash) },
    });

    const plan = planBinding(facts, selector, BINDING);

    expect(plan.images).toHaveLength(count);
    expect([plan.files, plan.problems, plan.warnings]).toEqual([[], [], []]);
  });

  it("warns of drivers that are built in, and of a host without a known tool", () => {
    const plan = planBinding(
      buildFacts({ pci: [NIC, AUDIO], persistence: { moduleDrivers: ["e1000e"] } }),
      selector,
      BINDING,
    );

    expect(plan.warnings).toEqual([
      expect.stringMatching(/^neither initramfs-tools nor dracut builds/),
      expect.stringMatching(/^the driver snd_hda_intel of 0000:01:00.1 is built into the kernel/),
    ]);
  });

  it("that is taken back touches nothing but what is ours", () => {
    const foreign = { path: "/etc/udev/rules.d/10-passthrough-0000-02-00.0.rules", sha256: "1", text: "# mine\n" };
    const facts = buildFacts({ ...base, persistence: { files: [...render(INITRAMFS_TOOLS), foreign], images } });
    const asked = { device: selector, driver: "vfio-pci" };

    const plan = planUnbinding(facts, asked, "0000:01:00.0");

    expect(plan.files.map((step) => ("path" in step ? `${step.kind} ${step.path}` : step.kind))).toEqual([
      "remove /etc/udev/rules.d/10-passthrough-0000-01-00.0.rules",
      "remove /etc/initramfs-tools/hooks/passthrough-0000-01-00.0",
    ]);
    expect(planUnbinding(buildFacts(base), asked, "0000:01:00.0")).toMatchObject({ steps: [], files: [], images: [] });
  });
});
