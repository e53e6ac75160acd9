import { z } from "zod";
import { HostConnection } from "../connection";
import { ConnectUri } from "../libvirt/connect-uri";
import { ABSOLUTE_RULES, WAIVABLE_RULES } from "../pci/safety-rules";
import type { IommuGroups } from "./iommu-groups";
import type { HostSurvey } from "./survey";

// The same as the types of survey.ts, for what is made from schemas: the package schema, and the reading of stored surveys.

const Identity = z.strictObject({
  machineId: z.string().describe("`/etc/machine-id`."),
  hostname: z.string().describe("Name that the host has for itself."),
  distribution: z.string().describe("`PRETTY_NAME` of `/etc/os-release`."),
});

const Cpu = z.strictObject({
  vendor: z.string().describe("`vendor_id` of `/proc/cpuinfo`."),
  virtualization: z.enum(["vmx", "svm", "none"]).describe("The flag for virtualization."),
  hasKvm: z.boolean().describe("Whether there is a `/dev/kvm`."),
});

const HugePages = z.strictObject({
  sizeKib: z.int().describe("Size of a page in KiB."),
  total: z.int().describe("How many there are."),
  free: z.int().describe("How many are free."),
});

const Memory = z.strictObject({
  totalKib: z.int().describe("Memory of the host in KiB; 0 when it could not be read."),
  hugePages: z.array(HugePages).describe("Huge pages, by size."),
});

const Firmware = z.strictObject({
  tables: z.array(z.enum(["DMAR", "IVRS", "IORT"])).describe("Tables that announce an IOMMU."),
  isEfi: z.boolean().describe("Whether the host booted through EFI."),
  secureBoot: z.enum(["on", "off", "unknown"]).describe("Secure Boot, as far as the firmware says."),
});

const Kernel = z.strictObject({
  release: z.string().describe("`uname -r`."),
  commandLine: z.string().describe("Command line of the running kernel."),
  lockdown: z.enum(["none", "integrity", "confidentiality", "unknown"]).describe("What the kernel is locked down to."),
});

const Iommu = z
  .strictObject({
    isActive: z.boolean().describe("Whether it is in use: units and groups in sysfs."),
    because: z.string().describe("Why it is in use or not, in one sentence."),
    units: z.array(z.string()).describe("Names below `/sys/class/iommu`."),
    groupCount: z.int().describe("Number of IOMMU groups."),
    interruptRemapping: z.enum(["on", "off", "unknown"]).describe("Whether it checks interrupts as it checks memory."),
    areUnsafeInterruptsAllowed: z.boolean().describe("`vfio_iommu_type1.allow_unsafe_interrupts`."),
  })
  .describe("Its IOMMU.");

const Boot = z.strictObject({
  loader: z.string().describe("Boot loader; `unknown` where none is recognised."),
  problem: z.string().describe("Why its command line cannot be changed; empty when it can."),
  initramfsTool: z
    .enum(["initramfs-tools", "dracut", "mkinitcpio", "unknown"])
    .describe("What builds initial ramdisks."),
  kernels: z.array(z.string()).describe("Releases of the installed kernels, newest first."),
});

const Unit = z.strictObject({
  name: z.string().describe("Such as `libvirtd.service`."),
  fileState: z.string().describe("systemd's word: `enabled`, `disabled`, `masked`, …"),
  activeState: z.string().describe("systemd's word: `active`, `inactive`, `failed`, …"),
});

const Libvirt = z.strictObject({
  version: z.string().describe("Empty: no `virsh` on the host."),
  error: z.string().describe("Why the daemon did not answer; empty when it did."),
  units: z.array(Unit).describe("Units of libvirt that the host has."),
});

const Verdict = z
  .strictObject({
    kind: z
      .enum(["free", "together", "needed", "bridge", "given"])
      .describe("Whether a guest can have it: by itself, with others, not at all, or it has it already."),
    with: z.array(z.string()).describe("Addresses of further functions that have to go with it."),
    because: z.array(z.string()).describe("Why it is needed, or what to know before it is taken."),
    rules: z.array(z.enum([...WAIVABLE_RULES, ...ABSOLUTE_RULES])).describe("Safety rules that stand against it."),
  })
  .describe("Whether a guest can have it.");

const Use = z.strictObject({
  kind: z
    .enum(["mount", "swap", "network", "ssh-session", "boot-display", "input", "domain"])
    .describe("What kind of use it is."),
  what: z.string().describe("What uses it, in words."),
  isActive: z.boolean().describe("Whether it is in use at this moment."),
});

const Device = z.strictObject({
  address: z.string().describe("Such as `0000:01:00.0`."),
  id: z.string().describe("`vendor:device`."),
  subsystemId: z.string().describe("`vendor:device` of the subsystem; empty where it has none."),
  vendorName: z.string().describe("From the host's own `pci.ids`; empty where it is not known."),
  deviceName: z.string().describe("From the host's own `pci.ids`; empty where it is not known."),
  class: z.string().describe("Six hexadecimal digits."),
  className: z.string().describe("What it is, in words."),
  isBridge: z.boolean().describe("Whether it is a bridge, which stays with the host."),
  driver: z.string().describe("Empty: none."),
  driverOverride: z.string().describe("Empty: none."),
  group: z.int().describe("Number of its IOMMU group; -1: none."),
  parent: z.string().describe("Nearest bridge or port above it; empty on the root bus."),
  resetMethods: z.array(z.string()).describe("How the kernel can reset it."),
  numaNode: z.int().describe("-1: not told."),
  isBootVga: z.boolean().describe("Whether the host booted on this display."),
  virtualFunctions: z
    .strictObject({
      total: z.int().describe("How many it can make."),
      enabled: z.int().describe("How many it has made."),
    })
    .describe("Virtual functions; both 0 where it has no SR-IOV."),
  physicalFunction: z.string().describe("Of a virtual function, its physical one; else empty."),
  uses: z.array(Use).describe("Who uses it; empty for bridges."),
  verdict: Verdict,
});

const Group = z.strictObject({
  number: z.int().describe("Number of the group."),
  type: z.string().describe("`DMA`, `DMA-FQ`, `identity`; empty on kernels older than 5.11."),
  endpoints: z.array(z.string()).describe("Addresses of its functions that are no bridges."),
  bridges: z.array(z.string()).describe("Addresses of its bridges."),
  isViable: z.boolean().describe("Whether VFIO would hand it out now."),
  hasFirmwareMemory: z.boolean().describe("Whether the firmware keeps memory for a member (RMRR)."),
  verdict: Verdict,
});

const Domain = z.strictObject({
  name: z.string().describe("Name of the domain."),
  uuid: z.string().describe("UUID of the domain."),
  state: z.string().describe("libvirt's word: `running`, `shut off`, `paused`, …"),
  hostdevs: z.array(z.string()).describe("Addresses of the functions in its configuration."),
});

/** A survey as a value from outside, such as the answer of `getHost` or the output of `passthrough survey --json`. */
export const HostSurveySchema = z.strictObject({
  host: z.string().describe("The host as it was named."),
  identity: Identity.describe("Who the host is."),
  cpu: Cpu.describe("Its CPU."),
  memory: Memory.describe("Its memory."),
  firmware: Firmware.describe("Its firmware."),
  kernel: Kernel.describe("Its running kernel."),
  iommu: Iommu,
  boot: Boot.describe("How it boots."),
  libvirt: Libvirt.describe("Its libvirt."),
  devices: z.array(Device).describe("All PCI functions, by address."),
  groups: z.array(Group).describe("All IOMMU groups, by number; empty while the IOMMU is not in use."),
  domains: z.array(Domain).describe("All domains, by name."),
}) satisfies z.ZodType<HostSurvey>;

const GroupDetails = Group.extend({
  endpoints: z.array(Device).describe("Its functions that are no bridges."),
  bridges: z.array(Device).describe("Its bridges."),
});

/** The answer of `getIommuGroups`. */
export const IommuGroupsSchema = z.strictObject({
  host: z.string().describe("The host as it was named."),
  iommu: Iommu,
  groups: z.array(GroupDetails).describe("All IOMMU groups, by number; empty while the IOMMU is not in use."),
}) satisfies z.ZodType<IommuGroups>;

/** Arguments of both functions. */
export const HostFunctionInputs = z.strictObject({
  host: HostConnection.describe(
    "The KVM host: a name from ~/.ssh/config, user@address:port, or an object with the connection's settings.",
  ),
  connectUri: ConnectUri.optional().describe(
    "The libvirt whose domains are told, as a URI of the host's own. Default: qemu:///system.",
  ),
});
