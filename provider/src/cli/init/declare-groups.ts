import type { HostConnection } from "../../model/connection";
import type { HostFacts, PciFunction } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { describeClass } from "../../model/pci/class-names";
import { joinWords } from "../../model/pci/describe";
import { describeGroup, isVfioDriver, type PciGroup } from "../../model/pci/group";
import { findOwnFiles } from "../../resources/pci-group-detachment/boot-files";
import { isQuiet, planGroup, type GroupWishes, type ResourcePlan } from "../planning";
import type { DeclaredVirtualFunctions } from "./declare-virtual-functions";
import type { Declaration, Names, Omission, Value } from "./declaration";

/** A declared group and the functions that it moves. */
export interface DeclaredGroup {
  readonly declaration: Declaration;
  readonly members: readonly string[];
}

/** Declares every group that is on a driver for guests already, so that nothing about it changes. */
export function declareGroups(
  host: HostConnection,
  facts: HostFacts,
  physical: readonly DeclaredVirtualFunctions[],
  names: Names,
): { readonly groups: readonly DeclaredGroup[]; readonly omissions: readonly Omission[] } {
  const found = listGivenGroups(facts).map((group) => declareGroup(host, facts, { group, physical }, names));
  return {
    groups: found.flatMap((one) => ("declaration" in one ? [one] : [])),
    omissions: found.flatMap((one) => ("why" in one ? [one] : [])),
  };
}

function listGivenGroups(facts: HostFacts): PciGroup[] {
  return facts.iommu.groups.flatMap(({ number }) => {
    const given = facts.pci.find((device) => device.iommuGroup === number && isGiven(device));
    return (given && describeGroup(facts, given.address)) ?? [];
  });
}

function isDisplay({ class: code }: PciFunction): boolean {
  return code.startsWith("03");
}

function isGiven({ driver }: PciFunction): boolean {
  return driver !== undefined && isVfioDriver(driver);
}

function declareGroup(
  host: HostConnection,
  facts: HostFacts,
  { group, physical }: { readonly group: PciGroup; readonly physical: readonly DeclaredVirtualFunctions[] },
  names: Names,
): DeclaredGroup | Omission {
  const given = group.endpoints.filter(isGiven);
  const addresses = given.map(({ address }): string => address);
  const what = `IOMMU group ${group.number} (${joinWords(addresses)})`;
  const holder = findPassingHolder(facts, given);
  if (holder !== undefined) {
    return {
      what,
      addresses,
      why: `libvirt took it for ${holder} when that started, and gives it back when that stops`,
    };
  }
  const attempts = listWays(given).map((wishes) => ({ wishes, plan: planGroup(host, facts, wishes) }));
  const quiet = attempts.find(({ plan }) => isQuiet(plan));
  if (quiet !== undefined) {
    const declaration = renderGroup(
      facts,
      { ...quiet, isAskedFor: false, dependsOn: listMakers(given, physical) },
      names,
    );
    return { declaration, members: group.endpoints.map(({ address }) => address) };
  }
  const plan = attempts.at(-1)?.plan;
  const reasons = plan?.outcome === "refused" ? plan.problems.map(({ reason }) => reason) : (plan?.steps ?? []);
  return { what, addresses, why: `to declare it would change the host, which nobody asked for: ${reasons.join("; ")}` };
}

/** Constants of what makes virtual functions: a group of some can only be there after it. */
function listMakers(given: readonly PciFunction[], physical: readonly DeclaredVirtualFunctions[]): string[] {
  const makers = physical.filter((one) => given.some((device) => device.physicalFunction === one.physicalFunction));
  return makers.map(({ declaration }) => declaration.variable);
}

/** The display of a card stands for its group; what binds the group at boot is found by trying. */
function listWays(given: readonly PciFunction[]): GroupWishes[] {
  const ordered = [...given.filter(isDisplay), ...given.filter((device) => !isDisplay(device))];
  const plain = ordered.map(({ address, id, driver }) => ({
    device: { address, id },
    ...(driver !== undefined && driver !== "vfio-pci" && { driver }),
  }));
  return [...plain, ...plain.map((wishes) => ({ ...wishes, persist: false }))];
}

/**
 * The running domain for which libvirt took all of these by itself. Its mark is an override of the driver that no file of
 * ours brings; functions that are bound at boot by their ids have none, and stay when the domain stops.
 */
function findPassingHolder(facts: HostFacts, given: readonly PciFunction[]): string | undefined {
  const claims = listDeviceClaims(facts);
  const holders = given.map((device) => {
    if (device.driverOverride === undefined) return undefined;
    if (findOwnFiles(facts, { address: device.address }).length > 0) return undefined;
    const holder = claims.get(device.address)?.find(({ isActive }) => isActive);
    const domain = facts.libvirt.domains.find(({ uuid }) => uuid === holder?.uuid);
    const hostdevs = domain?.liveXml === undefined ? [] : parseDomain(domain.liveXml).hostdevs;
    return hostdevs.some(({ source, managed }) => source === device.address && managed) ? domain?.name : undefined;
  });
  return holders.every((holder) => holder !== undefined) ? holders[0] : undefined;
}

/** What becomes of a group in the program. */
export interface GroupChoice {
  readonly wishes: GroupWishes;
  readonly plan: ResourcePlan;
  readonly isAskedFor: boolean;
  readonly dependsOn?: readonly string[];
}

/** Writes a group down. */
export function renderGroup(facts: HostFacts, choice: GroupChoice, names: Names): Declaration {
  const { wishes, plan, isAskedFor, dependsOn = [] } = choice;
  const { address } = wishes.device;
  const device = facts.pci.find((candidate) => candidate.address === address);
  const group = device && describeGroup(facts, device.address);
  return {
    ...names.take(nameOf(device)),
    inputs: wishes as unknown as Readonly<Record<string, Value>>,
    dependsOn,
    remarks: [
      group === undefined
        ? `${device === undefined ? "The device" : describe(device)}; the others of its IOMMU group are known once the IOMMU is on.`
        : `IOMMU group ${group.number}: ${joinWords(group.endpoints.map(describe))}.`,
    ],
    isAskedFor,
    plan,
  };
}

function describe({ address, class: code, id }: PciFunction): string {
  return `${address} (${describeClass(code)}, ${id})`;
}

/** Short names that people use, by class. */
const NICKNAMES: readonly (readonly [prefix: string, name: string])[] = [
  ["03", "gpu"],
  ["02", "nic"],
  ["0108", "nvme"],
  ["01", "storage"],
  ["04", "audio"],
  ["0c03", "usb"],
  ["12", "accelerator"],
];

function nameOf(device: PciFunction | undefined): string {
  return NICKNAMES.find(([prefix]) => device?.class.startsWith(prefix) === true)?.[1] ?? "device";
}
