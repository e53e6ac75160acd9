import type { HostFacts, PciFunction } from "../host-facts";
import type { PciAddress } from "./address";
import { isHostBridge, isPciBridge } from "./class-names";
import { sortFunctions } from "./describe";

/** An IOMMU group: what VFIO gives away as a whole. */
export interface PciGroup {
  readonly number: number;
  /** `DMA`, `DMA-FQ`, `identity`; absent on kernels older than 5.11. */
  readonly type?: string;
  /** Functions that can be given to a guest, by address. */
  readonly endpoints: readonly PciFunction[];
  /** Bridges, which stay with the host and block nothing. */
  readonly bridges: readonly PciFunction[];
  /** Endpoints on a driver of the host; VFIO hands the group out only when there are none. */
  readonly blockers: readonly PciFunction[];
  readonly isViable: boolean;
  /** The firmware keeps memory for a member (RMRR), so the kernel refuses to assign any. */
  readonly hasFirmwareMemory: boolean;
}

/** Describes the IOMMU group of a function; undefined where it has none, as on a host without an active IOMMU. */
export function describeGroup(facts: HostFacts, address: PciAddress): PciGroup | undefined {
  const device = facts.pci.find((candidate) => candidate.address === address);
  if (device?.iommuGroup === undefined) return undefined;
  const number = device.iommuGroup;
  const record = facts.iommu.groups.find((group) => group.number === number);
  const members = sortFunctions(facts.pci.filter((member) => member.iommuGroup === number));
  const endpoints = members.filter((member) => !isPciBridge(member.class));
  const blockers = endpoints.filter(hasHostDriver);
  return {
    number,
    ...(record?.type === undefined ? {} : { type: record.type }),
    endpoints,
    bridges: members.filter((member) => isPciBridge(member.class)),
    blockers,
    isViable: blockers.length === 0,
    hasFirmwareMemory: record?.reservedRegions.includes("direct") ?? false,
  };
}

/** Whether a driver is VFIO's own or one of its variants (`mlx5_vfio_pci`, `nvgrace_gpu_vfio_pci`, …). */
export function isVfioDriver(driver: string): boolean {
  return /(?:^|_)vfio_pci$/.test(driver.replaceAll("-", "_"));
}

/** Whether the host itself uses the function; like VFIO, `pci-stub` only keeps a function idle. */
export function hasHostDriver(device: PciFunction): boolean {
  return device.driver !== undefined && device.driver !== "pci-stub" && !isVfioDriver(device.driver);
}

/** The device that is asked for and the driver that it shall have. */
export interface GroupTarget {
  readonly device: PciAddress;
  readonly driver: string;
}

/**
 * Endpoints that must change driver so that the asked device can be given to a guest. A sibling on any VFIO driver stays,
 * because a guest may be using it; so does a host bridge without a driver (AMD's dummy bridges share groups with cards),
 * because it blocks nothing.
 */
export function listMembersToMove(group: PciGroup, target: GroupTarget): PciFunction[] {
  return group.endpoints.filter((member) => {
    if (member.driver === target.driver) return false;
    if (member.address === target.device) return true;
    if (member.driver === undefined) return !isHostBridge(member.class);
    return !isVfioDriver(member.driver);
  });
}
