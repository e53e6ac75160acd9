import type { DomainFacts, HostFacts, PciFunction } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import { readGuestTopology } from "../../model/libvirt/guest-topology";
import { isOurs } from "../../model/libvirt/hostdev";
import { readDomainMemory } from "../../model/libvirt/memory";
import { describeFunction } from "../../model/pci/describe";
import { addressOf, optionsOf } from "./devices";
import type { Difference } from "./difference";
import { fingerprint, type DomainView } from "./domain-view";
import type { DomainHostdevInputs } from "./inputs";
import { recordNames } from "./records";

/** What libvirt adds to the guest's memory for what QEMU itself locks (qemuDomainGetMemLockLimitBytes). */
const QEMU_LOCKS_KIB = 1024 * 1024;

/** What a user should know before the domain starts, as far as the host and the XML show it. */
export function listWarnings(
  inputs: DomainHostdevInputs,
  view: DomainView,
  facts: HostFacts,
  difference: Difference,
): string[] {
  const domain = view.facts;
  const devices = inputs.devices.flatMap((device) => [
    ...warnOfDevice(addressOf(device), domain, facts, difference),
    ...warnOfRom(optionsOf(device).rom?.file, facts),
  ]);
  return [
    ...devices,
    ...warnOfMachine(inputs, domain, facts),
    ...warnOfMemory(domain, facts),
    ...warnOfDefinition(inputs, view, facts),
  ];
}

function warnOfDevice(
  address: PciFunction["address"],
  domain: DomainFacts,
  facts: HostFacts,
  { present }: Difference,
): string[] {
  const others = (listDeviceClaims(facts).get(address) ?? [])
    .filter((claim) => claim.uuid !== domain.uuid)
    .map((claim) => claim.domain);
  const foreign = present.some((hostdev) => hostdev.source === address && !isOurs(hostdev));
  const device = facts.pci.find((candidate) => candidate.address === address);
  return [
    ...(others.length > 0
      ? [`${address} is also configured in ${others.join(", ")}; only one of the domains can run at a time`]
      : []),
    ...(foreign ? [`${domain.name} has ${address} already, not by us: it stays when this resource is deleted`] : []),
    ...(device === undefined ? [] : warnOfHardware(device)),
  ];
}

function warnOfHardware(device: PciFunction): string[] {
  const { resetMethods, sriov } = device;
  return [
    ...(resetMethods?.length === 0
      ? [
          `${describeFunction(device)} has no way to be reset, so it may not work when its domain is started a second time`,
        ]
      : []),
    ...(sriov !== undefined && sriov.numVfs > 0
      ? [`${describeFunction(device)} has ${sriov.numVfs} virtual functions, which are gone when it leaves its driver`]
      : []),
  ];
}

/** What an access control allows a QEMU to read is known to the host alone. */
function warnOfRom(file: string | undefined, { security }: HostFacts): string[] {
  if (file === undefined || security === undefined) return [];
  return security.isAppArmorOn || security.isSelinuxEnforcing
    ? [
        `the host runs ${security.isAppArmorOn ? "AppArmor" : "SELinux"}: see that QEMU may read ${file}, as it may where the distribution keeps such files (/usr/share/qemu, /usr/share/vgabios)`,
      ]
    : [];
}

/** i440fx shows a device of PCI Express as a conventional one, and some drivers refuse that. */
function warnOfMachine(inputs: DomainHostdevInputs, domain: DomainFacts, facts: HostFacts): string[] {
  if (readGuestTopology(domain.xml).root === "express") return [];
  const below = inputs.devices.map(addressOf).filter((address) => hangsOnPort(address, facts));
  if (below.length === 0) return [];
  return [
    `${domain.name} has no PCI Express (its machine is no q35): ${below.join(", ")} will look like a conventional PCI device in it, which some drivers do not accept`,
  ];
}

function hangsOnPort(address: PciFunction["address"], { pci }: HostFacts): boolean {
  const above = pci.find((device) => device.address === address)?.ancestors[0];
  return above !== undefined && pci.find((device) => device.address === above)?.driver === "pcieport";
}

/** With VFIO all of a guest's memory is locked, so what limits it must leave room for that. */
function warnOfMemory(domain: DomainFacts, facts: HostFacts): string[] {
  const memory = readDomainMemory(domain.xml);
  if (memory === undefined) return [];
  const { totalKib, hardLimitKib } = memory;
  const needed = totalKib + QEMU_LOCKS_KIB;
  const isTight = hardLimitKib !== undefined && hardLimitKib < needed;
  return [
    ...(isTight
      ? [
          `${domain.name} has a <hard_limit> of ${hardLimitKib} KiB, and with a host device it locks up to ${needed} KiB; raise the limit or take it out`,
        ]
      : []),
    ...(domain.liveXml === undefined ? warnOfHugePages(domain, memory, facts) : []),
  ];
}

function warnOfHugePages(
  { name }: DomainFacts,
  { totalKib, hugePagesKib }: NonNullable<ReturnType<typeof readDomainMemory>>,
  { hugePages }: HostFacts,
): string[] {
  const [asked] = hugePagesKib;
  if (asked === undefined || hugePages === undefined) return [];
  const sizeKib = asked === 0 ? hugePages.usualKib : asked;
  const pool = hugePages.pools.find((pages) => pages.sizeKib === sizeKib);
  const needed = Math.ceil(totalKib / sizeKib);
  if (hugePagesKib.length > 1 || (pool !== undefined && pool.free >= needed)) return [];
  return [
    `${name} asks for ${needed} huge pages of ${sizeKib} KiB, and the host has ${pool?.free ?? 0} free; reserve more (/proc/sys/vm/nr_hugepages, or hugepages= among the kernel arguments)`,
  ];
}

/** The text is used once; what is changed in it later must not look done. */
function warnOfDefinition({ definition }: DomainHostdevInputs, view: DomainView, facts: HostFacts): string[] {
  if (definition === undefined || view.definition !== undefined) return [];
  const { name, uuid } = view.facts;
  const used = facts.records[recordNames(uuid).defined];
  if (used === undefined) {
    return [
      `${name} exists already, not by us: definition is not used, and the domain stays when this resource is deleted`,
    ];
  }
  if (used.trim() === fingerprint(definition)) return [];
  return [
    `${name} was defined from another text, and a change of definition does not reach it: edit the domain itself (virsh edit ${name}), or have it made anew with pulumi up --replace`,
  ];
}
