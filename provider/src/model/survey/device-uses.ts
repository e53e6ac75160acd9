import type { HostFacts, NetworkInterface, PciFunction, StorageUse } from "../host-facts";
import type { DomainClaim } from "../libvirt/claims";
import type { PciAddress } from "../pci/address";
import { isPciBridge } from "../pci/class-names";
import { joinWords } from "../pci/describe";
import { hangsOn } from "../pci/topology";
import type { DeviceUse } from "./survey";

/** Which domains hold which functions. */
export type DomainClaims = ReadonlyMap<PciAddress, readonly DomainClaim[]>;

/** Who uses a function; of a bridge nobody, since what hangs below it says so for itself. */
export function listUses(facts: HostFacts, device: PciFunction, claims: DomainClaims): DeviceUse[] {
  if (isPciBridge(device.class)) return [];
  return [
    ...facts.storage.uses.filter((use) => hangsOn(facts, use.functions, device.address)).map(describeStorage),
    ...listNetworkUses(facts, device),
    ...(device.isBootVga ? [{ kind: "boot-display", what: "the display that the host booted on" } as const] : []),
    ...facts.inputDevices
      .filter((input) => input.functions.includes(device.address))
      .map(({ name }) => ({ kind: "input", what: `input device ${JSON.stringify(name)}` }) as const),
  ]
    .map((use): DeviceUse => ({ isActive: true, ...use }))
    .concat(listDomainUses(facts, claims.get(device.address) ?? []));
}

type PlainUse = Omit<DeviceUse, "isActive"> & { readonly isActive?: boolean };

function describeStorage({ mountPoint, source, fileSystem }: StorageUse): PlainUse {
  if (mountPoint === "swap") return { kind: "swap", what: `swap on ${source}` };
  return { kind: "mount", what: `${mountPoint} on ${source} (${fileSystem})` };
}

function listNetworkUses(facts: HostFacts, device: PciFunction): PlainUse[] {
  const { interfaces, sessionInterface } = facts.network;
  return interfaces
    .filter((candidate) => hangsOn(facts, candidate.functions, device.address))
    .flatMap((candidate): PlainUse[] => {
      const use: PlainUse = { kind: "network", what: describeInterface(candidate), isActive: candidate.isUp };
      if (candidate.name !== sessionInterface) return [use];
      return [use, { kind: "ssh-session", what: `this SSH session, through interface ${candidate.name}` }];
    });
}

function describeInterface({ name, controller, addresses, hasDefaultRoute, isUp }: NetworkInterface): string {
  const more = [
    ...(controller === undefined ? [] : [`a port of ${controller}`]),
    ...(addresses.length === 0 ? [] : [`with ${joinWords(addresses)}`]),
    ...(hasDefaultRoute ? ["which carries the default route"] : []),
    ...(isUp ? [] : ["down"]),
  ];
  return [`interface ${name}`, ...more].join(", ");
}

function listDomainUses({ libvirt }: HostFacts, claims: readonly DomainClaim[]): DeviceUse[] {
  return claims.map(({ domain, uuid, isActive }) => {
    const state = libvirt.domains.find((one) => one.uuid === uuid)?.state ?? "unknown";
    return { kind: "domain", what: `domain ${domain} (${state})`, isActive };
  });
}
