import type { ToolAnswer } from "../calls";
import type { Machine } from "../machine";
import type { HostFiles } from "../root/host-files";

/** `virt-host-validate qemu`: its columns are those of virHostMsgCheck, and it fails when one check does (libvirt, tools/). */
export function answerValidate(files: HostFiles, { cpu, firmware }: Machine): ToolAnswer {
  const hasFlag = cpu.flags.split(" ").some((flag) => flag === "vmx" || flag === "svm");
  const hasKvm = files.exists("/dev/kvm");
  const table = firmware.table;
  const rows: [string, string][] = [
    [
      "for hardware virtualization",
      hasFlag ? "PASS" : "FAIL (Only emulated CPUs are available, performance will be significantly limited)",
    ],
    [
      "if device '/dev/kvm' exists",
      hasKvm
        ? "PASS"
        : "FAIL (Check that the 'kvm-intel' or 'kvm-amd' modules are loaded & the BIOS has enabled virtualization)",
    ],
    [
      "for device assignment IOMMU support",
      table === undefined
        ? "WARN (No ACPI DMAR table found, IOMMU either disabled in BIOS or not supported by this hardware platform)"
        : "PASS",
    ],
  ];
  const stdout = rows.map(([what, result]) => `  QEMU: Checking ${what.padEnd(60)}: ${result}\n`).join("");
  return { status: hasFlag && hasKvm ? 0 : 1, stdout };
}
