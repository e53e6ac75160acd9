import { describeClass } from "../../provider/src/model/pci/class-names";
import type {
  DeviceUse,
  HostSurvey,
  SurveyedDevice,
  SurveyedGroup,
  Verdict,
} from "../../provider/src/model/survey/survey";

/** What a test says about a function; the rest is what an ordinary one has. */
export interface FunctionOptions extends Partial<Omit<SurveyedDevice, "uses" | "verdict">> {
  readonly use?: Omit<DeviceUse, "isActive"> & { readonly isActive?: boolean };
}

const ORDINARY: HostSurvey = {
  host: "kvm1",
  identity: {
    machineId: "5f0c1d2e3b4a59687786a5b4c3d2e1f0",
    hostname: "kvm1",
    distribution: "Debian GNU/Linux 12 (bookworm)",
  },
  cpu: { vendor: "GenuineIntel", virtualization: "vmx", hasKvm: true },
  memory: { totalKib: 65_684_320, hugePages: [] },
  firmware: { tables: ["DMAR"], isEfi: true, secureBoot: "off" },
  kernel: {
    release: "6.1.0-44-amd64",
    commandLine:
      "BOOT_IMAGE=/boot/vmlinuz-6.1.0-44-amd64 root=UUID=8f3e2b4c-6f0a-4f0e-9d5b-1c2d3e4f5a6b ro intel_iommu=on iommu=pt quiet",
    lockdown: "none",
  },
  iommu: {
    isActive: true,
    because: "the firmware has a DMAR table and the kernel was booted with intel_iommu=on",
    units: ["dmar0", "dmar1"],
    groupCount: 0,
    interruptRemapping: "on",
    areUnsafeInterruptsAllowed: false,
  },
  boot: {
    loader: "grub",
    problem: "",
    initramfsTool: "initramfs-tools",
    kernels: ["6.1.0-44-amd64", "6.1.0-43-amd64"],
  },
  libvirt: { version: "9.0.0", error: "", units: [] },
  devices: [],
  groups: [],
  domains: [],
};

/** Puts a survey together function by function; verdicts follow from uses and groups, as a real one's do. */
export class SurveyBuilder {
  private readonly functions: (SurveyedDevice & { readonly verdict: Verdict })[] = [];

  add(address: string, className: string, id: string, name: string, options: FunctionOptions = {}): this {
    const { use, ...rest } = options;
    const [vendorName = "", deviceName = ""] = name.split(" | ");
    this.functions.push({
      address: address.length === 7 ? `0000:${address}` : address,
      id,
      subsystemId: "",
      vendorName,
      deviceName,
      class: className,
      className: describeClass(className),
      isBridge: className.startsWith("0604"),
      driver: className.startsWith("0604") ? "pcieport" : "",
      driverOverride: "",
      group: -1,
      parent: "",
      resetMethods: className.startsWith("06") ? [] : ["flr", "bus"],
      numaNode: -1,
      isBootVga: false,
      virtualFunctions: { total: 0, enabled: 0 },
      physicalFunction: "",
      uses: use === undefined ? [] : [{ isActive: true, ...use }],
      verdict: { kind: "free", with: [], because: [], rules: [] },
      ...rest,
    });
    return this;
  }

  build(overrides: Partial<HostSurvey> = {}): HostSurvey {
    const functions = this.functions.sort((a, b) => (a.address < b.address ? -1 : 1));
    const numbers = [...new Set(functions.map(({ group }) => group))]
      .filter((group) => group >= 0)
      .sort((a, b) => a - b);
    const groups = numbers.map((number) =>
      judgeGroup(
        number,
        functions.filter(({ group }) => group === number),
      ),
    );
    const devices = functions.map((device) => ({ ...device, verdict: judge(device, groups) }));
    return { ...ORDINARY, iommu: { ...ORDINARY.iommu, groupCount: groups.length }, devices, groups, ...overrides };
  }
}

function judgeGroup(number: number, members: readonly SurveyedDevice[]): SurveyedGroup {
  const endpoints = members.filter(({ isBridge }) => !isBridge);
  const taken = endpoints.filter(({ uses }) => uses.some(({ isActive }) => isActive));
  const addresses = endpoints.map(({ address }) => address);
  return {
    number,
    type: "DMA-FQ",
    endpoints: addresses,
    bridges: members.filter(({ isBridge }) => isBridge).map(({ address }) => address),
    isViable: endpoints.every(({ driver }) => driver === "vfio-pci" || driver === ""),
    hasFirmwareMemory: false,
    verdict: { kind: judgeMembers(endpoints, taken), with: addresses, because: taken.map(describeUse), rules: [] },
  };
}

function judgeMembers(endpoints: readonly SurveyedDevice[], taken: readonly SurveyedDevice[]): Verdict["kind"] {
  if (endpoints.length === 0) return "bridge";
  if (taken.length > 0) return "needed";
  if (endpoints.every(({ driver }) => driver === "vfio-pci")) return "given";
  return endpoints.length > 1 ? "together" : "free";
}

function describeUse({ address, uses }: SurveyedDevice): string {
  return `${address} is in use: ${uses.map(({ what }) => what).join(", ")}.`;
}

function judge(device: SurveyedDevice, groups: readonly SurveyedGroup[]): Verdict {
  if (device.isBridge) return { kind: "bridge", with: [], because: [], rules: [] };
  const group = groups.find(({ number }) => number === device.group);
  const others = (group?.endpoints ?? []).filter((address) => address !== device.address);
  const because = group?.verdict.because ?? device.uses.map(({ what }) => `${what} is in use.`);
  const kind = group?.verdict.kind ?? (device.uses.length > 0 ? "needed" : "free");
  return { kind, with: kind === "needed" ? [] : others, because, rules: device.isBootVga ? ["boot-display"] : [] };
}
