import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { HostFacts } from "../../provider/src/model/host-facts";
import { compareVersions, findNextKernel, hasLostModules } from "../../provider/src/model/reboot/next-kernel";
import { buildFacts } from "./facts-builder";

const NEW = "6.1.0-43-amd64";
const OLD = "6.1.0-42-amd64";
const SECTION = `menuentry 'Debian' {
	linux	/boot/vmlinuz-${NEW} root=UUID=1 ro quiet
}
menuentry 'Debian, with Linux ${OLD}' {
	linux	/boot/vmlinuz-${OLD} root=UUID=1 ro quiet
}
`;

interface Menu {
  readonly defaultEntry: string;
  readonly saved?: string;
  readonly entries?: readonly string[];
}

function buildMenu({ defaultEntry, saved, entries = [] }: Menu): HostFacts {
  const usesBls = entries.length > 0;
  const files = entries.map((id) => {
    const release = id.replace(/^[0-9a-f]{4}-/, "");
    return {
      path: `/boot/loader/entries/${id}.conf`,
      sha256: "0",
      text: `title ${id}\nversion ${release}\nlinux /vmlinuz-${release}\n`,
    };
  });
  const grubConfig = {
    ...{
      path: "/boot/grub/grub.cfg",
      sha256: "0",
      usesBls,
      defaultEntry,
      bootsOnce: true,
      readsCustom: true,
      entries: [],
    },
    linuxSection: usesBls ? "blscfg\n" : SECTION,
  };
  return buildFacts({
    boot: { files, grubConfig, grubEnvironment: saved === undefined ? {} : { saved_entry: saved } },
  });
}

const BLS = ["abcd-6.9.1-1.fc40", "abcd-6.10.0-2.fc40", "abcd-0-rescue"];

describe("the kernel of the next boot", () => {
  it.each<[string, Menu, string | undefined]>([
    ["the first entry", { defaultEntry: "0" }, NEW],
    ["the first entry when nothing is chosen", { defaultEntry: "" }, NEW],
    ["the first entry when nothing is saved", { defaultEntry: "${saved_entry}" }, NEW],
    ["unknown for an entry by its number", { defaultEntry: "1>2" }, undefined],
    ["unknown for an entry by its id", { defaultEntry: "${saved_entry}", saved: "gnulinux-advanced" }, undefined],
    [
      "the saved entry of BLS",
      { defaultEntry: "${saved_entry}", saved: "abcd-6.9.1-1.fc40", entries: BLS },
      "6.9.1-1.fc40",
    ],
    ["the newest of BLS when nothing is saved", { defaultEntry: "${saved_entry}", entries: BLS }, "6.10.0-2.fc40"],
    ["unknown when the saved entry is gone", { defaultEntry: "${saved_entry}", saved: "x", entries: BLS }, undefined],
  ])("is %s", (_what, menu, release) => {
    expect(findNextKernel(buildMenu(menu))).toBe(release);
  });

  it("is unknown without a menu of GRUB", () => {
    expect(findNextKernel(buildFacts())).toBeUndefined();
  });

  it.each([
    [[OLD, NEW], false],
    [[NEW], true],
    // A kernel without modules never had any.
    [[], false],
  ])("with modules of %j, the running one has lost its own: %s", (installedModules, isLost) => {
    expect(hasLostModules(buildFacts({ kernel: { installedModules } }))).toBe(isLost);
  });
});

describe("versions", () => {
  it.each([
    ["6.9.1", "6.10.0"],
    ["6.1.0-9-amd64", "6.1.0-42-amd64"],
    ["6.10.0-2.fc40", "6.10.0-2.fc41"],
    ["5.14", "5.14.1"],
  ])("%s comes before %s", (left, right) => {
    expect(Math.sign(compareVersions(left, right))).toBe(-1);
    expect(Math.sign(compareVersions(right, left))).toBe(1);
  });

  it("have one order", () => {
    const version = fc.stringMatching(/^[0-9]{1,3}(?:[.-][0-9a-z]{1,4}){0,4}$/);
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
