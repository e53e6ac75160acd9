import { describe, expect, it } from "@jest/globals";
import { parseDryRun } from "../../provider/src/host/snapshot/parse-dry-run";
import { parseVirtualization } from "../../provider/src/host/snapshot/parse-packages";
import { Sections, splitSections } from "../../provider/src/host/snapshot/sections";
import { PACKAGE_WORD } from "../../provider/src/model/packages/default-packages";
import type { PackageChange, PackageManagerKind } from "../../provider/src/model/packages/package-facts";

/** `ACTION NAME VERSION` of each change. */
function read(manager: PackageManagerKind, text: string): string[] {
  const changes: readonly PackageChange[] = parseDryRun(manager, text.split("\n"));
  return changes.map(({ action, name, version }) => `${action} ${name} ${version}`);
}

describe("a dry run", () => {
  it.each<[string, PackageManagerKind, string, string[]]>([
    [
      "of apt: what is new, newer, and what goes",
      "apt",
      [
        "Remv mawk [1.3.4.20200120-3.1]",
        "Inst dmsetup (2:1.02.185-2 Debian:12.15/oldstable [amd64]) []",
        "Inst libc6 [2.36-9] (2.36-9+deb12u10 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])",
        "Inst libgcc-s1:i386 (12.2.0-14 Debian:12.15/oldstable [i386])",
      ].join("\n"),
      [
        "remove mawk 1.3.4.20200120-3.1",
        "install dmsetup 2:1.02.185-2",
        "upgrade libc6 2.36-9+deb12u10",
        "install libgcc-s1:i386 12.2.0-14",
      ],
    ],
    [
      "of dnf 4, whose wide cells end their line, and whose module streams are no packages",
      "dnf4",
      [
        "Installing:",
        " qemu-kvm            x86_64 17:8.2.0-11.el9_4.6  appstream        61 k",
        "Upgrading:",
        " openssl-libs        x86_64 1:3.5.1-4.el9_7      baseos          2.3 M",
        "Installing dependencies:",
        " libvirt-daemon-config-network",
        "                     x86_64 10.0.0-6.el9_4       appstream        22 k",
        " perl-IO-Socket-SSL  noarch 2.066-4.module+el8.3.0+6446+594cad75",
        "                                                 appstream       298 k",
        "     replacing  iptables-ebtables.x86_64 1.8.4-1.el8",
        "Installing weak dependencies:",
        " tiny                noarch 1-1                  baseos          984  ",
        "Removing dependent packages:",
        " old-qemu            x86_64 1.0-1                @System         1.0 M",
        "Enabling module streams:",
        " virt                        rhel                                      ",
      ].join("\n"),
      [
        "install qemu-kvm 17:8.2.0-11.el9_4.6",
        "upgrade openssl-libs 1:3.5.1-4.el9_7",
        "install libvirt-daemon-config-network 10.0.0-6.el9_4",
        "install perl-IO-Socket-SSL 2.066-4.module+el8.3.0+6446+594cad75",
        "remove iptables-ebtables 1.8.4-1.el8",
        "install tiny 1-1",
        "remove old-qemu 1.0-1",
      ],
    ],
    [
      "of dnf 5, which names the older self of an upgrade",
      "dnf5",
      [
        "Upgrading:",
        " glibc                      x86_64 0:2.40-17.fc41  updates  6.6 MiB",
        "   replacing glibc          x86_64 0:2.40-3.fc41   fedora   6.6 MiB",
        "Installing:",
        " python-unversioned-command noarch 0:3.13.1-2.fc41 updates  23.0   B",
        "Installing groups:",
        " Virtualization",
      ].join("\n"),
      ["upgrade glibc 0:2.40-17.fc41", "install python-unversioned-command 0:3.13.1-2.fc41"],
    ],
    [
      "of zypper, as the script leaves it of the XML",
      "zypper",
      [
        "to-upgrade",
        'solvable type="package" name="libvirt-libs" edition="10.0.0-2" edition-old="10.0.0-1" arch="x86_64" summary="a &gt; b"',
        "/to-upgrade",
        "to-install",
        'solvable type="pattern" name="kvm_server" edition="20180302-1" arch="x86_64"',
        'solvable type="package" name="qemu-x86" edition="8.2.2-1" arch="x86_64"',
        "/to-install",
        "to-remove",
        'solvable type="package" name="xen" edition="4.18-1" arch="x86_64"',
        "/to-remove",
      ].join("\n"),
      ["upgrade libvirt-libs 10.0.0-2", "install qemu-x86 8.2.2-1", "remove xen 4.18-1"],
    ],
    [
      "of pacman",
      "pacman",
      "seabios 1.16.3-1\nlibvirt 1:10.5.0-1",
      ["install seabios 1.16.3-1", "install libvirt 1:10.5.0-1"],
    ],
    ["that would do nothing", "apt", "", []],
  ])("%s", (_what, manager, text, expected) => {
    expect(read(manager, text)).toEqual(expected);
  });
});

describe("virt-host-validate", () => {
  it("is read line by line, coloured or not", () => {
    const text = [
      "@@n packages-manager debian apt",
      "@@n validation",
      "  QEMU: Checking for hardware virtualization                                 : \u001b[32mPASS\u001b[0m",
      "  QEMU: Checking if device '/dev/kvm' exists                                 : FAIL (Check that the 'kvm-intel' or 'kvm-amd' modules are loaded)",
      "Unable to initialize cgroups: internal error: no cgroup backend available",
      "  QEMU: Checking for device assignment IOMMU support                         : WARN (No ACPI DMAR table found, IOMMU either disabled)",
      "  QEMU: Checking for cgroup 'cpu' controller support                         : PASS",
      "@@n end",
    ].join("\n");

    expect(parseVirtualization(new Sections(splitSections(`${text}\n`, "n")))?.validation).toEqual([
      { check: "hardware virtualization", result: "PASS", detail: "" },
      {
        check: "device '/dev/kvm' exists",
        result: "FAIL",
        detail: "Check that the 'kvm-intel' or 'kvm-amd' modules are loaded",
      },
      {
        check: "device assignment IOMMU support",
        result: "WARN",
        detail: "No ACPI DMAR table found, IOMMU either disabled",
      },
      { check: "cgroup 'cpu' controller support", result: "PASS", detail: "" },
    ]);
  });
});

describe("the name of a package", () => {
  it.each(["qemu-kvm", "libstdc++6", "g++", "libc6:i386", "@virtualization", "pattern:kvm_server", "python3.11"])(
    "may be %s",
    (name) => {
      expect(PACKAGE_WORD.test(name)).toBe(true);
    },
  );

  it.each(["", "-y", "--purge", "bash-", "a b", "a,b", "a;b", "$(x)", "../x", "a\nb", "foo=1", "@", "*"])(
    "may not be %j",
    (name) => {
      expect(PACKAGE_WORD.test(name)).toBe(false);
    },
  );
});
