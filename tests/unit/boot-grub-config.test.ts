import { describe, expect, it } from "@jest/globals";
import { parseGrubConfig } from "../../provider/src/model/boot/grub-config";
import { lexGrubLine } from "../../provider/src/model/boot/grub-words";

const CONFIG = `
function load_video {
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  fi
}
menuentry 'Debian GNU/Linux' --class debian --class os $menuentry_id_option 'gnulinux-simple-1' {
	load_video
	if [ x$grub_platform = xxen ]; then insmod xzio; fi
	echo	'Loading Linux 6.1.0-1-amd64 ...'
	linux	/boot/vmlinuz-6.1.0-1-amd64 root=UUID=1-2 ro  quiet acpi_osi="!Windows 2012" memmap=2G\\$4G $vt_handoff
	initrd	/boot/initrd.img-6.1.0-1-amd64
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-1' {
	menuentry 'Debian, with Linux 6.1' --class os $menuentry_id_option 'gnulinux-6.1-advanced-1' {
		linux	/boot/vmlinuz root=UUID=1-2 ro quiet # not this
	}
	menuentry 'Debian, with Linux 6.1 (recovery mode)' --class os $menuentry_id_option 'gnulinux-6.1-recovery-1' {
		linux	/boot/vmlinuz root=UUID=1-2 ro single
	}
}
menuentry 'Memory test (memtest86+x64.efi)' {
	linux /boot/memtest86+x64.efi console=ttyS0,115200
}
menuentry 'Memory test (16 bit)' {
	linux16 /boot/memtest86+.bin
}
menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
	fwsetup
}
menuentry 'Other (on /dev/sdb1)' --class os $menuentry_id_option 'osprober-gnulinux-simple-9' {
	linux /boot/vmlinuz root=/dev/sdb1
}
menuentry "It's \\"mine\\"" --id mine {
	linuxefi /vmlinuz ro
}
menuentry 'It'\\''s' --id=own {
	linux /vmlinuz ro recovery nomodeset
}
`;

const ENTRIES = [
  {
    title: "Debian GNU/Linux",
    id: "gnulinux-simple-1",
    commandLine: 'root=UUID=1-2 ro quiet "acpi_osi=!Windows 2012" memmap=2G$4G $vt_handoff',
    isRecovery: false,
  },
  {
    title: "Debian, with Linux 6.1",
    id: "gnulinux-6.1-advanced-1",
    commandLine: "root=UUID=1-2 ro quiet",
    isRecovery: false,
  },
  {
    title: "Debian, with Linux 6.1 (recovery mode)",
    id: "gnulinux-6.1-recovery-1",
    commandLine: "root=UUID=1-2 ro single",
    isRecovery: true,
  },
  { title: 'It\'s "mine"', id: "mine", commandLine: "ro", isRecovery: false },
  { title: "It's", id: "own", commandLine: "ro recovery nomodeset", isRecovery: true },
];

describe("parseGrubConfig", () => {
  it("reads a whole file", () => {
    expect(parseGrubConfig(CONFIG)).toEqual(ENTRIES);
  });

  it("reads only the lines that matter, with closing braces of what was left out", () => {
    const lines = CONFIG.split("\n").filter((line) => /^\s*(?:menuentry|submenu|linux\w*|\})(?:\s|$)/.test(line));

    expect(parseGrubConfig(lines.join("\n"))).toEqual(ENTRIES);
  });

  it("takes the first kernel of an entry, and none outside of entries", () => {
    expect(parseGrubConfig("linux /a x\nmenuentry 'A' {\nlinux /b y\nlinux /c z\n}\nlinux /d\n")).toEqual([
      { title: "A", commandLine: "y", isRecovery: false },
    ]);
  });
});

describe("lexGrubLine", () => {
  it.each([
    [`a  'b c'\td`, ["a", "b c", "d"]],
    [`'it'\\''s'`, ["it's"]],
    [`"a\\"b\\$c\\d"`, ['a"b$c\\d']],
    [`a\\ b ''`, ["a b", ""]],
    [`a # b`, ["a"]],
    [`a#b`, ["a#b"]],
    [`"$x y" \${z}`, ["$x y", "${z}"]],
  ])("%s", (line, words) => {
    expect(lexGrubLine(line)).toEqual(words);
  });
});
