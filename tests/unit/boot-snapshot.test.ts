import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { parseBoot } from "../../provider/src/host/snapshot/parse-boot";
import { Sections, type Section } from "../../provider/src/host/snapshot/sections";
import type { BootFacts } from "../../provider/src/model/host-facts";
import { block } from "./boot-tables/facts";

const WHOLE = "### BEGIN /etc/grub.d/10_linux ###\nblscfg\n### END /etc/grub.d/10_linux ###\n";
const STUB = "";

/** Sections of a snapshot: menus by path, with the lines that the script picks out; `isEfi` as the firmware folder says. */
function parse(isEfi: boolean, menus: Readonly<Record<string, string>>, more: readonly Section[] = []): BootFacts {
  const configs = Object.entries(menus).map(([argument, body]): Section => {
    return { name: "grub-config", argument, body: `${"a".repeat(64)}  ${argument}\n${body}` };
  });
  const present: Section = { name: "present", argument: "", body: isEfi ? "sys/firmware/efi\n" : "" };
  return parseBoot(new Sections([present, ...configs, ...more]));
}

function environment(path: string, lines: readonly string[], link = ""): Section[] {
  const text = block(lines);
  return [
    { name: "grub-environment", argument: path, body: `${lines.join("\n")}\n` },
    { name: "grub-environment-path", argument: path, body: link === "" ? "" : `${link}\n` },
    { name: "grub-environment-block", argument: path, body: text },
  ];
}

describe("the menu that counts", () => {
  const ESP = "boot/efi/EFI/redhat/grub.cfg";
  const OTHER = "boot/efi/EFI/fedora/grub.cfg";
  const BOOT = "boot/grub2/grub.cfg";

  it.each([
    ["RHEL 9 on EFI, with its stub", true, { [BOOT]: WHOLE, [ESP]: STUB }, `/${BOOT}`],
    ["RHEL 8 on EFI", true, { [ESP]: WHOLE }, `/${ESP}`],
    [
      "RHEL 8 on EFI, with a menu that somebody generated in the wrong place",
      true,
      { [BOOT]: WHOLE, [ESP]: WHOLE },
      `/${ESP}`,
    ],
    ["RHEL 8 beside a newer Fedora", true, { [ESP]: WHOLE, [OTHER]: STUB }, `/${ESP}`],
    ["a newer Fedora beside RHEL 8", true, { [BOOT]: WHOLE, [ESP]: WHOLE, [OTHER]: STUB }, `/${BOOT}`],
    [
      "two systems of the old kind, of which nobody knows which runs",
      true,
      { [ESP]: WHOLE, [OTHER]: WHOLE },
      undefined,
    ],
    ["a host that started by BIOS", false, { [BOOT]: WHOLE, [ESP]: WHOLE }, `/${BOOT}`],
  ])("is found on %s", (_, isEfi, menus, path) => {
    expect(parse(isEfi, menus).grubConfig?.path).toBe(path);
  });
});

describe("the environment block that counts", () => {
  it("is the one in the folder of the menu", () => {
    const boot = parse(true, { "boot/efi/EFI/redhat/grub.cfg": WHOLE }, [
      ...environment("boot/grub2/grubenv", ["a=stale"]),
      ...environment("boot/efi/EFI/redhat/grubenv", ["a=1"]),
    ]);

    expect(boot.grubEnvironment).toEqual({ a: "1" });
    expect(boot.grubEnvironmentBlock).toEqual({ path: "/boot/efi/EFI/redhat/grubenv", text: block(["a=1"]) });
  });

  it("is changed where its link leads", () => {
    const link = "/boot/efi/EFI/fedora/grubenv";
    const boot = parse(true, { "boot/grub2/grub.cfg": WHOLE }, environment("boot/grub2/grubenv", ["a=1"], link));

    expect(boot.grubEnvironmentBlock?.path).toBe(link);
  });
});

it("counts boot loader entries with what GRUB puts in for their variables", () => {
  const path = "boot/loader/entries/m-4.18.conf";
  const text = "title R\nlinux /vmlinuz-4.18\noptions $kernelopts $tuned_params x=1\n";
  const boot = parse(false, { "boot/grub2/grub.cfg": WHOLE }, [
    { name: "hashes", argument: "", body: `${createHash("sha256").update(text).digest("hex")}  ${path}\n` },
    { name: "text", argument: path, body: text },
    ...environment("boot/grub2/grubenv", ["kernelopts=root=/dev/sda ro"]),
  ]);

  expect(boot.grubConfig?.entries).toEqual([
    { title: "R", id: "m-4.18", commandLine: "root=/dev/sda ro x=1", isRecovery: false },
  ]);
});
