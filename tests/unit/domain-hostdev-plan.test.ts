import { describe, expect, it } from "@jest/globals";
import { parseHugePageFacts, parseSecurity } from "../../provider/src/host/snapshot/parse-guest-needs";
import { Sections } from "../../provider/src/host/snapshot/sections";
import { readGuestAnswer } from "../../provider/src/model/libvirt/guest-agent";
import { DomainHostdevInputs } from "../../provider/src/resources/domain-hostdev/inputs";
import { planHostdevs } from "../../provider/src/resources/domain-hostdev/plan";
import { GUEST } from "../../provider/src/testing/machines/domains";
import { buildFacts, buildFunction, type FactsOverrides, type FunctionOverrides } from "./facts-builder";

const NIC = "0000:01:00.0";

function warnings(
  domain: string,
  device: FunctionOverrides = {},
  facts: FactsOverrides = {},
  rom?: string,
): readonly string[] {
  const port = buildFunction("0000:00:05.0", { class: "060400", driver: "pcieport" });
  const result = planHostdevs(
    DomainHostdevInputs.parse({
      host: "kvm1",
      domain: "guest",
      devices: [rom === undefined ? NIC : { address: NIC, rom: { file: rom } }],
    }),
    buildFacts({
      pci: [port, buildFunction(NIC, { iommuGroup: 7, ancestors: ["0000:00:05.0"], ...device })],
      libvirt: {
        domains: [
          { uuid: "5f0c3c1e-9d1b-4f6e-8a3e-0d6b1f1d2c3a", name: "guest", state: "shut off", xml: domain, sha256: "0" },
        ],
      },
      ...facts,
    }),
    undefined,
  );
  if (result.outcome !== "planned") throw new Error(JSON.stringify(result));
  return result.warnings;
}

function withSetting(xml: string): string {
  return GUEST.replace("<vcpu", `${xml}<vcpu`);
}

describe("warnings of a DomainHostdev", () => {
  it("are none for a domain and a device that fit", () => {
    expect(warnings(GUEST, { resetMethods: ["flr", "bus"] })).toEqual([]);
    expect(warnings(withSetting("<memtune><hard_limit unit='GiB'>2</hard_limit></memtune>"))).toEqual([]);
    expect(warnings(withSetting("<memoryBacking><locked/></memoryBacking>"))).toEqual([]);
  });

  it("speak of a limit that leaves no room for locked memory", () => {
    expect(warnings(withSetting("<memtune><hard_limit unit='MiB'>512</hard_limit></memtune>"))).toEqual([
      "guest has a <hard_limit> of 524288 KiB, and with a host device it locks up to 1179648 KiB; raise the limit or take it out",
    ]);
  });

  it.each([
    ["<hugepages/>", [{ sizeKib: 2048, total: 64, free: 64 }], []],
    ["<hugepages/>", [{ sizeKib: 2048, total: 64, free: 63 }], [[64, 2048, 63]]],
    ["<hugepages><page size='1' unit='G'/></hugepages>", [{ sizeKib: 2048, total: 64, free: 64 }], [[1, 1048576, 0]]],
    ["<hugepages><page size='1' unit='GiB'/></hugepages>", [{ sizeKib: 1048576, total: 1, free: 1 }], []],
  ])("speak of huge pages that are not free: %s of %j", (pages, pools, missing) => {
    expect(warnings(withSetting(`<memoryBacking>${pages}</memoryBacking>`), {}, { hugePages: { pools } })).toEqual(
      missing.map(
        ([needed, size, free]) =>
          `guest asks for ${needed} huge pages of ${size} KiB, and the host has ${free} free; reserve more (/proc/sys/vm/nr_hugepages, or hugepages= among the kernel arguments)`,
      ),
    );
  });

  it("speak of a device without a reset, and of one that loses its virtual functions", () => {
    const found = warnings(GUEST, { resetMethods: [], sriov: { totalVfs: 8, numVfs: 2 } });

    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(/0000:01:00\.0.* has no way to be reset/);
    expect(found[1]).toMatch(/0000:01:00\.0.* has 2 virtual functions, which are gone when it leaves its driver/);
  });

  it("speak of a device of PCI Express in a guest without it", () => {
    expect(warnings(GUEST.replace("pc-q35-7.2", "pc-i440fx-7.2").replace("pcie-root", "pci-root"))).toEqual([
      `guest has no PCI Express (its machine is no q35): ${NIC} will look like a conventional PCI device in it, which some drivers do not accept`,
    ]);
  });

  it("speak of what may keep QEMU from a ROM's file", () => {
    expect(warnings(GUEST, {}, { security: { isAppArmorOn: true } }, "/srv/gpu.rom")).toEqual([
      "the host runs AppArmor: see that QEMU may read /srv/gpu.rom, as it may where the distribution keeps such files (/usr/share/qemu, /usr/share/vgabios)",
    ]);
    expect(warnings(GUEST, {}, {}, "/srv/gpu.rom")).toEqual([]);
  });
});

describe("what the snapshot says of huge pages and access control", () => {
  const folder = "sys/kernel/mm/hugepages/hugepages-1048576kB";
  const sections = new Sections([{ name: "huge-page-size", argument: "", body: "Hugepagesize:       1048576 kB\n" }]);

  it("is read from the kernel's own files", () => {
    const texts = new Map([
      [`${folder}/nr_hugepages`, "4"],
      [`${folder}/free_hugepages`, "3"],
      ["sys/module/apparmor/parameters/enabled", "Y"],
    ]);

    expect(parseHugePageFacts(sections, texts)).toEqual({
      usualKib: 1048576,
      pools: [{ sizeKib: 1048576, total: 4, free: 3 }],
    });
    expect(parseSecurity(texts)).toEqual({ isAppArmorOn: true, isSelinuxEnforcing: false });
    expect(parseHugePageFacts(new Sections([]), new Map())).toEqual({ usualKib: 2048, pools: [] });
  });
});

describe("readGuestAnswer", () => {
  const linux = `linux ${Buffer.from("0008\t8086100e\t10\n0500\t808610d3\t0\n").toString("base64")}`;
  const windows = 'windows {"return":[{"driver-name":"Intel","id":{"type":"pci","vendor-id":32902,"device-id":4307}}]}';

  it.each([
    [linux, ["8086:10d3"], { kind: "seen" }],
    [linux, ["8086:10d3", "8086:10d3"], { kind: "missing", ids: ["8086:10d3"] }],
    [linux, ["10de:2684"], { kind: "missing", ids: ["10de:2684"] }],
    [windows, ["8086:10d3"], { kind: "seen" }],
    ["windows no json", ["8086:10d3"], expect.objectContaining({ kind: "unproven" })],
    ["no-channel", [], expect.objectContaining({ kind: "unproven" })],
    ["refused error: not allowed", [], { kind: "unproven", reason: "the agent may not say: not allowed" }],
  ])("understands %s asked for %j", (text, ids, answer) => {
    expect(readGuestAnswer(text, ids)).toEqual(answer);
  });
});
