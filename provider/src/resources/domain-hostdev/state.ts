import type { DomainFacts } from "../../model/host-facts";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { isOurs, type Hostdev } from "../../model/libvirt/hostdev";
import type { PciAddress } from "../../model/pci/address";
import type { JsonObject } from "../definition";

/** A PCI controller that libvirt added for one of our devices, and that goes with it. */
export interface OwnedController extends JsonObject {
  readonly index: number;
  readonly model: string;
}

/** Outputs of a DomainHostdev. */
export interface DomainHostdevState extends JsonObject {
  readonly domainName: string;
  readonly domainUuid: string;
  /** Source addresses of our hostdevs in the domain's configuration. */
  readonly attached: readonly string[];
  /** Whether the domain runs and gets or loses devices only when it is started again. */
  readonly restartRequired: boolean;
  readonly controllers: readonly OwnedController[];
}

/** Describes the part of a domain that is ours. */
export function describeAttachment(
  domain: DomainFacts,
  devices: readonly PciAddress[],
  controllers: readonly OwnedController[],
): DomainHostdevState {
  const configured = parseDomain(domain.xml).hostdevs;
  const live = domain.liveXml === undefined ? undefined : parseDomain(domain.liveXml).hostdevs;
  return {
    domainName: domain.name,
    domainUuid: domain.uuid,
    attached: configured
      .filter((hostdev) => isOurs(hostdev) && devices.includes(hostdev.source))
      .map((hostdev) => hostdev.source),
    restartRequired: live !== undefined && needsRestart(configured, live, devices),
    controllers,
  };
}

/** A running domain lacks a device of ours, or still has one that its configuration lost. */
function needsRestart(
  configured: readonly Hostdev[],
  live: readonly Hostdev[],
  devices: readonly PciAddress[],
): boolean {
  const lacks = devices.some((device) => !live.some((hostdev) => hostdev.source === device));
  const lost = live.some((hostdev) => isOurs(hostdev) && !configured.some((other) => other.source === hostdev.source));
  return lacks || lost;
}
