import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { isOurs, type Hostdev } from "../../model/libvirt/hostdev";
import type { PciAddress } from "../../model/pci/address";
import type { JsonObject } from "../definition";
import { listAddresses } from "./devices";
import type { DomainHostdevInputs } from "./inputs";

/** A PCI controller that libvirt added for one of our devices, and that goes with it. */
export interface OwnedController extends JsonObject {
  readonly index: number;
  readonly model: string;
}

/** What shows that a domain that has to run has its devices, in words. */
export interface RunningProof extends JsonObject {
  readonly libvirt: string;
  readonly host: string;
  readonly guestAgent: string;
}

/** Outputs of a DomainHostdev. */
export interface DomainHostdevState extends JsonObject {
  readonly domainName: string;
  readonly domainUuid: string;
  /** Source addresses of our hostdevs in the domain's configuration; with `apply: "live"` in its running form. */
  readonly attached: readonly string[];
  /** Whether the domain runs and gets or loses devices only when it is started again. */
  readonly restartRequired: boolean;
  readonly controllers: readonly OwnedController[];
  /** Only where the domain has to run. */
  readonly proof?: RunningProof;
}

/** Describes the part of a domain that is ours. */
export function describeAttachment(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  controllers: readonly OwnedController[],
): DomainHostdevState {
  const devices = listAddresses(inputs);
  const configured = parseDomain(domain.xml).hostdevs;
  const live = domain.liveXml === undefined ? undefined : parseDomain(domain.liveXml).hostdevs;
  return {
    domainName: domain.name,
    domainUuid: domain.uuid,
    attached: (inputs.apply === "live" ? (live ?? []) : configured)
      .filter((hostdev) => isOurs(hostdev) && devices.includes(hostdev.source))
      .map((hostdev) => hostdev.source),
    restartRequired: live !== undefined && inputs.apply !== "live" && needsRestart(configured, live, devices),
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

/** Says of a domain what libvirt's running form and the host's drivers show; of its agent what it last said. */
export function describeProof(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  facts: HostFacts,
  guestAgent: string,
): { readonly proof: RunningProof } | undefined {
  if (inputs.running !== true) return undefined;
  const held = listLive(domain, listAddresses(inputs));
  const without = held.length === 0 ? "without the devices" : `with ${held.join(", ")}`;
  const libvirt = domain.liveXml === undefined ? domain.state : `${domain.state} ${without}`;
  const host = listAddresses(inputs)
    .map((address) => `${address} on ${driverOf(facts, address) ?? "no driver"}`)
    .join(", ");
  return { proof: { libvirt, host, guestAgent } };
}

/** Devices that a running domain holds although the host's driver is none of VFIO's, which cannot be right. */
export function listUnproven(inputs: DomainHostdevInputs, domain: DomainFacts, facts: HostFacts): string[] {
  return listLive(domain, listAddresses(inputs))
    .map((address) => ({ address, driver: driverOf(facts, address) }))
    .filter(({ driver = "" }) => !driver.split(/[-_]/).includes("vfio"))
    .map(({ address, driver }) => `${address} is on ${driver ?? "no driver"}`);
}

function listLive(domain: DomainFacts, devices: readonly PciAddress[]): PciAddress[] {
  const live = domain.liveXml === undefined ? [] : parseDomain(domain.liveXml).hostdevs.map(({ source }) => source);
  return devices.filter((address) => live.includes(address));
}

function driverOf(facts: HostFacts, address: PciAddress): string | undefined {
  return facts.pci.find((device) => device.address === address)?.driver;
}
