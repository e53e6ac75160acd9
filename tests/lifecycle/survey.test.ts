import { describe, expect, it } from "@jest/globals";
import type { SimulatedHostOptions } from "pulumi-passthrough/testing";
import type { Check, CheckName } from "../../provider/src/model/doctor/check";
import { examineHost } from "../../provider/src/model/doctor/examine-host";
import type { HostFacts } from "../../provider/src/model/host-facts";
import { DeviceSelector } from "../../provider/src/model/pci/selector";
import { surveyHost } from "../../provider/src/model/survey/survey-host";
import { expectNoWrites, useHosts } from "./hosts";
import { readSurveyFacts } from "./survey-reading";

const startHost = useHosts();
const DEVICE = DeviceSelector.parse({ address: "01:00.0" });

describe("what a survey reads", () => {
  it.each(["sh", "dash", "busybox"] as const)("is one command that writes nothing, with %s", async (shell) => {
    const host = await startHost({ machine: "debian-gpu-iommu-on", shell });

    const { survey } = await expectNoWrites(host, () => readSurveyFacts(host));

    expect(host.counters).toMatchObject({ connections: 1, commands: 1 });
    expect(survey).toMatchObject({
      hasKvm: true,
      interruptChips: ["IR-IO-APIC", "DMAR-MSI", "IR-PCI-MSI"],
      moduleOptions: [],
      emulators: ["/usr/bin/qemu-system-x86_64"],
      memory: {
        totalKib: 65_536_000,
        hugePages: [
          { sizeKib: 2048, total: 0, free: 0 },
          { sizeKib: 1_048_576, total: 0, free: 0 },
        ],
      },
    });
  });

  it("takes names from the host's own list, and only those of its functions", async () => {
    const host = await startHost({ machine: "debian-grub" });

    const { survey } = await readSurveyFacts(host);

    expect(survey?.names).toEqual({
      source: "/usr/share/misc/pci.ids",
      vendors: { "1af4": "Red Hat, Inc.", "1b36": "Red Hat, Inc.", "8086": "Intel Corporation" },
      devices: {
        "1af4:1000": "Virtio network device",
        "1af4:1001": "Virtio block device",
        "1b36:000c": "QEMU PCIe Root port",
        "1b36:000e": "QEMU PCIe-to-PCI bridge",
        "8086:100e": "82540EM Gigabit Ethernet Controller",
        "8086:10d3": "82574L Gigabit Network Connection",
        "8086:2918": "82801IB (ICH9) LPC Interface Controller",
        "8086:2922": "82801IR/IO/IH (ICH9R/DO/DH) 6 port SATA Controller [AHCI mode]",
        "8086:2930": "82801I (ICH9 Family) SMBus Controller",
        "8086:29c0": "82G33/G31/P35/P31 Express DRAM Controller",
      },
    });
  });

  it.each([
    ["debian-grub", ["libvirtd.service", "libvirtd.socket", "virtlogd.service", "virtlogd.socket"], []],
    [
      "fedora-bls",
      ["virtqemud", "virtnodedevd", "virtnetworkd", "virtstoraged", "virtproxyd", "virtlogd"].flatMap((name) => [
        `${name}.service`,
        `${name}.socket`,
      ]),
      // The package brings the one daemon for everything as well, and leaves it off.
      ["libvirtd.service", "libvirtd.socket"],
    ],
    ["debian-no-libvirt", [], []],
  ] as const)("knows the units of libvirt on %s", async (machine, on, off) => {
    const host = await startHost({ machine });

    const { survey } = await readSurveyFacts(host);

    const units = [...(survey?.units ?? [])].sort((a, b) => a.name.localeCompare(b.name));
    const expected = [
      ...on.map((name) => ({ name, fileState: "enabled", activeState: "active" })),
      ...off.map((name) => ({ name, fileState: "disabled", activeState: "inactive" })),
    ];
    expect(units).toEqual(expected.sort((a, b) => a.name.localeCompare(b.name)));
  });

  it("is left out of a snapshot that does not ask for it", async () => {
    const host = await startHost();

    const facts = await readSurveyFacts(host, { withSurvey: false });

    expect(facts.survey).toBeUndefined();
    expect(host.commands[0]?.script).not.toContain("pci.ids");
    expect(surveyHost(facts, "kvm1")).toMatchObject({
      iommu: { interruptRemapping: "unknown" },
      libvirt: { units: [] },
    });
  });

  it("knows what the module was told, by the command line or modprobe.d", async () => {
    const host = await startHost({
      machine: "debian-grub-iommu-on",
      files: { "/etc/modprobe.d/vfio.conf": "# ours\noptions vfio_iommu_type1 allow_unsafe_interrupts=1\n" },
      kernelCommandLine: "hugepagesz=1G hugepages=4",
    });

    const facts = await readSurveyFacts(host);

    expect(facts.survey?.moduleOptions).toEqual(["allow_unsafe_interrupts=1"]);
    expect(surveyHost(facts, "kvm1").iommu.areUnsafeInterruptsAllowed).toBe(true);
    expect(facts.survey?.memory.hugePages).toContainEqual({ sizeKib: 1_048_576, total: 4, free: 4 });
  });
});

/** What is amiss, check by check. */
function listAmiss(facts: HostFacts): Check[] {
  return examineHost(facts, { device: DEVICE }).filter((check) => check.outcome !== "ok");
}

describe("the doctor", () => {
  it("finds nothing amiss with a host that is ready", async () => {
    const host = await startHost({ machine: "debian-grub-iommu-on" });

    expect(listAmiss(await readSurveyFacts(host))).toEqual([]);
  });

  it.each<[string, SimulatedHostOptions, Partial<Record<CheckName, string>>]>([
    [
      "a CPU flag that is missing",
      { machine: "no-virtualization" },
      { "cpu-virtualization": "neither vmx nor svm", "kvm-device": "because the CPU shows no virtualization" },
    ],
    [
      "firmware that is off",
      { machine: "firmware-off" },
      { "firmware-iommu": "no DMAR, IVRS or IORT table", "iommu-in-use": "switched off in the firmware's menu" },
    ],
    [
      "a kernel that is built without",
      { machine: "kernel-without-iommu" },
      { "kernel-iommu": "built without CONFIG_INTEL_IOMMU", "iommu-in-use": "built without CONFIG_INTEL_IOMMU" },
    ],
    [
      "a parameter that is off",
      { machine: "debian-grub" },
      { "iommu-in-use": "booted with intel_iommu=off", "command-line": "booted with intel_iommu=off" },
    ],
    ["lockdown", { machine: "locked-down" }, { lockdown: "locked down (integrity)" }],
    [
      "interrupts that are not remapped",
      { machine: "no-interrupt-remapping" },
      { "interrupt-remapping": "Interrupts are not remapped, so VFIO gives no device to a guest" },
    ],
    [
      "interrupts that a word keeps from being remapped",
      { machine: "debian-grub-iommu-on", kernelCommandLine: "intremap=off" },
      { "interrupt-remapping": "the kernel was booted with intremap=off" },
    ],
    [
      "memory that the firmware keeps for the device",
      { machine: "firmware-memory" },
      {
        "firmware-memory": "IOMMU group 7 (0000:01:00.0)",
        "device-firmware-memory": "refuses to give 0000:01:00.0 to a guest",
        "device-safety": "[rmrr] 0000:01:00.0",
      },
    ],
    [
      "a package that is missing",
      { machine: "debian-no-libvirt" },
      { packages: "Not installed: QEMU and libvirt (virsh)", "libvirt-daemon": "libvirt is not installed" },
    ],
  ])("names the cause of %s", async (_what, options, expected) => {
    const host = await startHost(options);

    const causes = Object.fromEntries(listAmiss(await readSurveyFacts(host)).map(({ name, cause }) => [name, cause]));

    for (const [name, cause] of Object.entries(expected)) expect(causes[name]).toContain(cause);
    const first = Object.keys(causes)[0];
    expect(first).toBe(Object.keys(expected)[0]);
  });

  it("names the daemon that does not run", async () => {
    const host = await startHost({ machine: "debian-grub-iommu-on" });
    host.setLibvirtRunning(false);

    expect(listAmiss(await readSurveyFacts(host))).toMatchObject([
      {
        name: "libvirt-daemon",
        outcome: "failure",
        remedy: "Start it: systemctl enable --now libvirtd.service. If it fails, journalctl -b -u libvirtd says why.",
      },
    ]);
  });

  it("says that a reboot is all that is left to do", async () => {
    const host = await startHost({ machine: "debian-gpu" });
    host.writeFile(
      "/etc/default/grub",
      host.readFile("/etc/default/grub").replace("intel_iommu=off", "intel_iommu=on"),
    );
    host.writeFile(
      "/boot/grub/grub.cfg",
      host.readFile("/boot/grub/grub.cfg").replaceAll("intel_iommu=off", "intel_iommu=on"),
    );

    const check = listAmiss(await readSurveyFacts(host)).find(({ name }) => name === "command-line");

    expect(check?.remedy).toBe("Reboot the host: the command line of the next boot is right already.");
  });
});
