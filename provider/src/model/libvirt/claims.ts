import type { HostFacts } from "../host-facts";
import type { PciAddress } from "../pci/address";
import { parseDomain } from "./domain-xml";

/** A domain that takes a PCI function, by its configuration or right now. */
export interface DomainClaim {
  readonly domain: string;
  readonly uuid: string;
  /** True when the running domain has the function. */
  readonly isActive: boolean;
}

/** Which domains of a host take which PCI functions. */
export function listDeviceClaims(facts: HostFacts): ReadonlyMap<PciAddress, readonly DomainClaim[]> {
  const claims = new Map<PciAddress, DomainClaim[]>();
  for (const { uuid, name, xml, liveXml } of facts.libvirt.domains) {
    const live = new Set(liveXml === undefined ? [] : parseDomain(liveXml).claims.map((claim) => claim.address));
    const configured = parseDomain(xml).claims.map((claim) => claim.address);
    for (const address of new Set([...live, ...configured])) {
      claims.set(address, [...(claims.get(address) ?? []), { domain: name, uuid, isActive: live.has(address) }]);
    }
  }
  return claims;
}
