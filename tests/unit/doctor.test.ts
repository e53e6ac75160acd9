import { describe, expect, it } from "@jest/globals";
import type { Check, CheckName } from "../../provider/src/model/doctor/check";
import { CHECK_NAMES } from "../../provider/src/model/doctor/check";
import { examineHost } from "../../provider/src/model/doctor/examine-host";
import type { HostFacts } from "../../provider/src/model/host-facts";
import { DeviceSelector } from "../../provider/src/model/pci/selector";
import { buildSurveyFacts, deriveGroups, type FactsOverrides } from "./facts-builder";
import { buildLabFacts, buildLabFactsWithoutIommu, LAB_FUNCTIONS } from "./lab-facts";

const CONFIG = {
  CONFIG_INTEL_IOMMU: "y",
  CONFIG_INTEL_IOMMU_DEFAULT_ON: "n",
  CONFIG_VFIO: "m",
  CONFIG_VFIO_PCI: "m",
  CONFIG_VFIO_IOMMU_TYPE1: "m",
  CONFIG_IRQ_REMAP: "y",
};
const RELEASE = "6.1.0-42-amd64";
const BASE_LINE = "ro quiet";

function buildHost(overrides: FactsOverrides = {}): HostFacts {
  const { kernel, survey, ...rest } = overrides;
  return buildLabFacts({
    survey: buildSurveyFacts(survey ?? {}),
    kernel: { config: CONFIG, lockdown: "none", commandLine: `${BASE_LINE} intel_iommu=on`, ...kernel },
    ...rest,
  });
}

const IOMMU_OFF = {
  pci: buildLabFactsWithoutIommu().pci,
  iommu: { units: [], groups: [] },
} satisfies FactsOverrides;

function find(facts: HostFacts, name: CheckName, device?: string): Omit<Check, "name" | "title"> | undefined {
  const selector = device === undefined ? undefined : DeviceSelector.parse({ address: device });
  const found = examineHost(facts, { device: selector }).find((check) => check.name === name);
  return found && { outcome: found.outcome, cause: found.cause, remedy: found.remedy };
}

describe("a healthy host", () => {
  it("passes everything but what its small facts do not show, in the order of the guide", () => {
    const checks = examineHost(buildHost(), { device: DeviceSelector.parse({ address: "01:00.0" }) });

    expect(checks.map((check) => check.name)).toEqual([...CHECK_NAMES]);
    expect(checks.filter((check) => check.outcome !== "ok").map((check) => check.name)).toEqual([
      "boot-loader",
      "initramfs",
      "device-reset",
    ]);
    expect(checks.filter((check) => check.outcome === "ok").map((check) => check.remedy)).not.toContainEqual(
      expect.stringMatching(/./),
    );
  });
});

describe("the cause and the remedy", () => {
  it.each<[string, CheckName, FactsOverrides, Omit<Check, "name" | "title">]>([
    [
      "no CPU flag",
      "cpu-virtualization",
      { cpu: { vendor: "AuthenticAMD", virtualization: undefined as never } },
      {
        outcome: "failure",
        cause:
          "The CPU shows neither vmx nor svm: virtualization is switched off in the firmware's menu, or the CPU has none.",
        remedy:
          "Switch on SVM Mode (AMD-V) in the firmware's menu. If the host is itself a guest, its hypervisor has to allow nested virtualization.",
      },
    ],
    [
      "a firmware without a table",
      "firmware-iommu",
      { ...IOMMU_OFF, firmware: { tables: [] } },
      {
        outcome: "failure",
        cause:
          "The firmware announces no IOMMU: there is no DMAR, IVRS or IORT table. It is switched off in the firmware's menu, or the machine has none.",
        remedy:
          "Switch on VT-d (Intel VT for Directed I/O), which is often found under Chipset, System Agent or North Bridge in the firmware's menu, save, and switch the machine off and on again. No word on the kernel's command line can stand in for it.",
      },
    ],
    [
      "a kernel without the driver",
      "kernel-iommu",
      { ...IOMMU_OFF, kernel: { config: { ...CONFIG, CONFIG_INTEL_IOMMU: "n" } } },
      {
        outcome: "failure",
        cause: `The running kernel ${RELEASE} is built without CONFIG_INTEL_IOMMU.`,
        remedy: "Boot the distribution's own kernel, or build one with CONFIG_INTEL_IOMMU=y.",
      },
    ],
    [
      "a kernel without VFIO",
      "kernel-vfio",
      { kernel: { config: { ...CONFIG, CONFIG_VFIO: "n", CONFIG_VFIO_PCI: "n" } } },
      {
        outcome: "failure",
        cause: `The running kernel ${RELEASE} is built without CONFIG_VFIO and CONFIG_VFIO_PCI.`,
        remedy: "Boot the distribution's own kernel, or build one with CONFIG_VFIO=m CONFIG_VFIO_PCI=m.",
      },
    ],
    [
      "a word that switches the IOMMU off",
      "command-line",
      { ...IOMMU_OFF, kernel: { commandLine: `${BASE_LINE} intel_iommu=off` } },
      {
        outcome: "failure",
        cause: "The kernel was booted with intel_iommu=off, which is not what this host needs.",
        remedy: "Declare a HostIommuConfig for this host, or add intel_iommu=on by hand; then reboot.",
      },
    ],
    [
      "a missing word",
      "command-line",
      { ...IOMMU_OFF, kernel: { commandLine: BASE_LINE } },
      {
        outcome: "failure",
        cause: "The kernel was booted without a word on the IOMMU, which is not what this host needs.",
        remedy: "Declare a HostIommuConfig for this host, or add intel_iommu=on by hand; then reboot.",
      },
    ],
    [
      "a kernel that is locked down",
      "lockdown",
      { firmware: { isEfi: true, secureBoot: true }, kernel: { lockdown: "integrity" } },
      {
        outcome: "warning",
        cause:
          "Secure Boot is on, and the kernel is locked down (integrity): VFIO works, but modules that nobody signed are not loaded, such as vendor-reset, and programs cannot reach the registers of PCI devices.",
        remedy:
          "If a device needs such a module, sign it and enrol the key (mokutil --import), or switch Secure Boot off in the firmware's menu.",
      },
    ],
    [
      "no interrupt remapping, because of a word",
      "interrupt-remapping",
      {
        survey: buildSurveyFacts({ interruptChips: ["IO-APIC", "PCI-MSI", "DMAR-MSI"] }),
        kernel: { commandLine: "intel_iommu=on intremap=off" },
      },
      {
        outcome: "failure",
        cause:
          "Interrupts are not remapped: the kernel was booted with intremap=off, so VFIO gives no device to a guest.",
        remedy: "Take intremap=off off the command line (kernelArguments.absent of a HostIommuConfig), and reboot.",
      },
    ],
    [
      "no interrupt remapping, which the host puts up with",
      "interrupt-remapping",
      { survey: buildSurveyFacts({ interruptChips: ["IO-APIC"], moduleOptions: ["allow_unsafe_interrupts=1"] }) },
      {
        outcome: "warning",
        cause:
          "Interrupts are not remapped, and allow_unsafe_interrupts has VFIO give devices away all the same: a guest could send interrupts that are not its own.",
        remedy:
          "Switch on interrupt remapping (often with x2APIC) in the firmware's menu, or update the firmware. Only where every guest is trusted: vfio_iommu_type1.allow_unsafe_interrupts=1 on the command line.",
      },
    ],
    [
      "memory kept by the firmware",
      "firmware-memory",
      {
        iommu: {
          groups: deriveGroups(LAB_FUNCTIONS).map((group) =>
            group.number === 7 ? { ...group, reservedRegions: ["direct"] } : group,
          ),
        },
      },
      {
        outcome: "warning",
        cause:
          "The firmware keeps memory (RMRR) for devices of IOMMU group 7 (0000:01:00.0), so the kernel assigns none of them.",
        remedy: "Turn off the firmware feature that keeps the memory, such as the shared management port of a server.",
      },
    ],
    [
      "packages that are missing",
      "packages",
      {
        libvirt: { version: undefined as never },
        survey: buildSurveyFacts({ emulators: [] }),
        identity: { distribution: ["opensuse-leap", "suse", "opensuse"] },
      },
      {
        outcome: "failure",
        cause: "Not installed: QEMU and libvirt (virsh).",
        remedy:
          "Declare a VirtualizationHost for this host, or install them by hand: zypper install -t pattern kvm_server",
      },
    ],
    [
      "a modular daemon that does not run, with one unit masked",
      "libvirt-daemon",
      {
        libvirt: { version: "10.1.0", connectError: "error: failed to connect\nerror: No such file or directory" },
        survey: buildSurveyFacts({
          units: ["virtqemud.service", "virtqemud.socket", "virtnodedevd.socket", "libvirtd.service"].map((name) => ({
            name,
            fileState: name === "virtqemud.socket" ? "masked" : "disabled",
            activeState: "inactive",
          })),
        }),
      },
      {
        outcome: "failure",
        cause: "libvirt 10.1.0 is installed, but its daemon does not answer: error: No such file or directory",
        remedy:
          "Start it: systemctl unmask virtqemud.socket && systemctl enable --now virtqemud.socket virtnodedevd.socket. If it fails, journalctl -b -u virtqemud says why.",
      },
    ],
    [
      "no /dev/kvm although the CPU could",
      "kvm-device",
      { survey: buildSurveyFacts({ hasKvm: false }) },
      {
        outcome: "failure",
        cause: "There is no /dev/kvm although the CPU shows vmx: the module kvm_intel is not loaded.",
        remedy:
          'Load it with "modprobe kvm_intel"; if that fails, the kernel\'s log says why (dmesg). Look for a blacklist in /etc/modprobe.d.',
      },
    ],
  ])("of %s", (_what, name, overrides, expected) => {
    expect(find(buildHost(overrides), name)).toEqual(expected);
  });

  it.each<CheckName>(["kernel-iommu", "command-line", "interrupt-remapping", "iommu-groups", "firmware-memory"])(
    "of %s waits for the firmware's table",
    (name) => {
      const facts = buildHost({
        ...IOMMU_OFF,
        firmware: { tables: [] },
        survey: buildSurveyFacts({ interruptChips: [] }),
      });

      expect(find(facts, name)).toMatchObject({ outcome: "warning", remedy: "Mend the failure above first." });
    },
  );
});

describe("one device", () => {
  it.each<[string, string, CheckName, Check["outcome"], string]>([
    ["a device alone", "01:00.0", "device-group", "ok", "It is alone in IOMMU group 7."],
    [
      "a device with a sibling",
      "03:01.0",
      "device-group",
      "warning",
      "It shares IOMMU group 8 with 0000:03:02.0 (Ethernet controller, 8086:100e, driver e1000); VFIO gives a group away as a whole.",
    ],
    [
      "the NIC of the session",
      "00:02.0",
      "device-safety",
      "failure",
      "[ssh-session] 0000:00:02.0 (Ethernet controller, 1af4:1000, driver virtio-pci) carries interface enp0s2 of this SSH session.",
    ],
    ["a device that the host can spare", "01:00.0", "device-safety", "ok", "The host can spare it."],
    ["an address that is not there", "09:00.0", "device", "failure", "The host has no PCI function 0000:09:00.0."],
  ])("%s", (_what, address, name, outcome, cause) => {
    const found = find(buildHost(), name, address);

    expect(found?.outcome).toBe(outcome);
    expect(found?.cause).toContain(cause);
  });
});
