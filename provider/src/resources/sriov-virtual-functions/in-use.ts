import type { HostFacts, PciFunction } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import { isNetworkClass } from "../../model/pci/class-names";
import { describeFunction, joinWords } from "../../model/pci/describe";
import { hasHostDriver, isVfioDriver } from "../../model/pci/group";
import { listNetworkHazards } from "../../model/pci/safety-network";
import { listStorageHazards } from "../../model/pci/safety-storage";
import { hangsOn } from "../../model/pci/topology";

/** A virtual function that would vanish from under its user, in words. */
export function listUses(facts: HostFacts, virtual: readonly PciFunction[]): string[] {
  const claims = listDeviceClaims(facts);
  return virtual.flatMap((one) => {
    const domains = (claims.get(one.address) ?? []).filter((claim) => claim.isActive).map(({ domain }) => domain);
    const use = describeUse(facts, one, [...new Set(domains)].sort());
    return use === undefined ? [] : [`${describeFunction(one)} ${use}`];
  });
}

function describeUse(facts: HostFacts, one: PciFunction, domains: readonly string[]): string | undefined {
  if (domains.length > 0) return `is in use by the running or paused domain ${joinWords(domains)}`;
  if (one.driver !== undefined && isVfioDriver(one.driver))
    return `is on ${one.driver}, so a guest may have it; give it back to the host first`;
  const hazard = [...listNetworkHazards(facts, one), ...listStorageHazards(facts, one)][0];
  return hazard?.is ?? describeInterfaces(facts, one);
}

/**
 * A network function is also in use when something lies on its interface, as a guest's macvtap, or when it has none that the
 * host sees: the interface is then in a container's namespace, or the driver serves a program directly.
 */
function describeInterfaces(facts: HostFacts, one: PciFunction): string | undefined {
  if (!isNetworkClass(one.class) || !hasHostDriver(one)) return undefined;
  const names = facts.network.interfaces
    .filter((candidate) => hangsOn(facts, candidate.functions, one.address))
    .map(({ name }) => name);
  if (names.length > 1) return `carries ${joinWords(names)}, which lie on each other`;
  if (names.length === 0) return "has no network interface that the host sees, so a container or a program may have it";
  return undefined;
}
