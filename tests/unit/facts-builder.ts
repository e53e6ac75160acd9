import type {
  HostFacts,
  IommuGroup,
  NetworkInterface,
  PciFunction,
  StorageUse,
} from "../../provider/src/model/host-facts";
import { PciAddress } from "../../provider/src/model/pci/address";
import { NO_ACTIVITY } from "../../provider/src/model/reboot/activity";
import type { SurveyFacts } from "../../provider/src/model/survey/survey-facts";

/** Sections of the facts that a test states; of each, what it leaves out is that of a healthy host without devices. */
export type FactsOverrides = {
  readonly [Section in keyof HostFacts]?: HostFacts[Section] extends readonly unknown[] | HostFacts["records"]
    ? HostFacts[Section]
    : Partial<HostFacts[Section]>;
};

/** Checks an address that a test writes as text. */
export function pciAddress(text: string): PciAddress {
  return PciAddress.parse(text);
}

/** Checks several addresses. */
export function pciAddresses(...texts: readonly string[]): PciAddress[] {
  return texts.map(pciAddress);
}

/** Members of a function that a test states; the address, and the ancestors with it, may be short. */
export type FunctionOverrides = Partial<Omit<PciFunction, "address" | "ancestors" | "physicalFunction">> & {
  readonly ancestors?: readonly string[];
  readonly physicalFunction?: string;
};

/** A PCI function: an Ethernet controller on its driver unless the test says otherwise; `driver: ""` stands for none. */
export function buildFunction(address: string, overrides: FunctionOverrides = {}): PciFunction {
  const { ancestors = [], physicalFunction, driver = "e1000e", ...rest } = overrides;
  return {
    id: "8086:10d3",
    class: "020000",
    isBootVga: false,
    ...rest,
    ...(driver === "" ? {} : { driver }),
    ...(physicalFunction === undefined ? {} : { physicalFunction: pciAddress(physicalFunction) }),
    address: pciAddress(address),
    ancestors: pciAddresses(...ancestors),
  };
}

/** An interface that is up with an address, on the given functions. */
export function buildInterface(
  name: string,
  functions: readonly string[],
  overrides: Partial<Omit<NetworkInterface, "name" | "functions">> = {},
): NetworkInterface {
  return {
    addresses: ["192.0.2.10/24"],
    isUp: true,
    hasDefaultRoute: false,
    ...overrides,
    name,
    functions: pciAddresses(...functions),
  };
}

/** A traced ext4 file system on the given functions. */
export function buildUse(
  mountPoint: string,
  functions: readonly string[],
  overrides: Partial<Omit<StorageUse, "mountPoint" | "functions">> = {},
): StorageUse {
  return {
    source: "/dev/sda1",
    fileSystem: "ext4",
    isTraced: true,
    ...overrides,
    mountPoint,
    functions: pciAddresses(...functions),
  };
}

/** Groups as the functions' own numbers say. */
export function deriveGroups(pci: readonly PciFunction[]): IommuGroup[] {
  const numbers = [...new Set(pci.map((device) => device.iommuGroup))].filter((number) => number !== undefined);
  return numbers
    .sort((a, b) => a - b)
    .map((number) => {
      const members = pci.filter((device) => device.iommuGroup === number).map((device) => device.address);
      return { number, type: "DMA", members, reservedRegions: ["msi"] };
    });
}

/**
 * A healthy host with an active Intel IOMMU, whose root file system hangs on nothing and whose session comes in over a
 * virtual interface, plus what the test says. Groups follow from the functions unless they are given.
 */
export function buildFacts(overrides: FactsOverrides = {}): HostFacts {
  const pci = overrides.pci ?? [];
  return {
    ...buildMachine(overrides),
    iommu: { units: ["dmar0"], groups: deriveGroups(pci), ...overrides.iommu },
    boot: {
      files: [],
      tools: {},
      markers: [],
      hasWatchdog: false,
      leftovers: [],
      kernels: ["vmlinuz-6.1.0-42-amd64"],
      ...overrides.boot,
    },
    pci,
    storage: { uses: [buildUse("/", [])], ...overrides.storage },
    network: {
      interfaces: [buildInterface("eth0", [])],
      sessionInterface: "eth0",
      isTraced: true,
      ...overrides.network,
    },
    inputDevices: overrides.inputDevices ?? [],
    libvirt: { version: "9.0.0", domains: [], ...overrides.libvirt },
    records: overrides.records ?? {},
    persistence: {
      files: [],
      leftovers: [],
      images: [],
      moduleDrivers: [],
      isDracutHooked: false,
      ...overrides.persistence,
    },
    activity: { ...NO_ACTIVITY, ...overrides.activity },
    hugePages: { usualKib: 2048, pools: [], ...overrides.hugePages },
    security: { isAppArmorOn: false, isSelinuxEnforcing: false, ...overrides.security },
    ...(overrides.survey !== undefined && { survey: buildSurveyFacts(overrides.survey) }),
  };
}

/** What a survey reads of a healthy host, plus what the test says. */
export function buildSurveyFacts(overrides: Partial<SurveyFacts> = {}): SurveyFacts {
  return {
    hasKvm: true,
    interruptChips: ["IR-IO-APIC", "DMAR-MSI", "IR-PCI-MSI"],
    moduleOptions: [],
    memory: { totalKib: 65_536_000, hugePages: [{ sizeKib: 2048, total: 0, free: 0 }] },
    emulators: ["/usr/bin/qemu-system-x86_64"],
    units: [{ name: "libvirtd.service", fileState: "enabled", activeState: "active" }],
    names: { source: "", vendors: {}, devices: {} },
    ...overrides,
  };
}

function buildMachine(overrides: FactsOverrides): Pick<HostFacts, "identity" | "cpu" | "firmware" | "kernel"> {
  return {
    identity: {
      machineId: "0123456789abcdef0123456789abcdef",
      hostname: "kvm1",
      bootId: "11111111-2222-4333-8444-555555555555",
      distribution: ["debian"],
      distributionName: "Debian GNU/Linux 12 (bookworm)",
      ...overrides.identity,
    },
    cpu: { vendor: "GenuineIntel", virtualization: "vmx", ...overrides.cpu },
    firmware: { tables: ["DMAR"], isEfi: false, ...overrides.firmware },
    kernel: {
      release: "6.1.0-42-amd64",
      installedModules: [],
      commandLine: "ro quiet intel_iommu=on",
      config: {},
      ...overrides.kernel,
    },
  };
}
