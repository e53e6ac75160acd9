import type { HostFacts, PciFunction } from "../../model/host-facts";
import type { PciAddress } from "../../model/pci/address";
import { sortFunctions } from "../../model/pci/describe";
import type { JsonObject } from "../definition";

/** A virtual function as it was read back. */
export interface VirtualFunction extends JsonObject {
  readonly address: string;
  readonly id: string;
  /** Empty: none. */
  readonly driver: string;
  /** -1: none. */
  readonly group: number;
}

/** What is in place for the next boot of the host. */
export interface SriovPersistence extends JsonObject {
  readonly files: readonly string[];
  readonly drift: readonly string[];
}

/** What a delete goes back to. */
export interface Before {
  readonly previousCount: number;
  readonly previousDriversAutoprobe: boolean;
}

/** Outputs of SriovVirtualFunctions. */
export interface SriovVirtualFunctionsState extends JsonObject {
  readonly physicalFunction: string;
  readonly virtualFunctions: readonly VirtualFunction[];
  readonly previousCount: number;
  readonly previousDriversAutoprobe: boolean;
  readonly persistence: SriovPersistence;
}

/** The virtual functions of a physical one, by address. */
export function listVirtualFunctions(facts: HostFacts, physical: PciAddress): PciFunction[] {
  return sortFunctions(facts.pci.filter((one) => one.physicalFunction === physical));
}

/** The same as outputs. */
export function describeVirtualFunctions(facts: HostFacts, physical: PciAddress): VirtualFunction[] {
  return listVirtualFunctions(facts, physical).map(({ address, id, driver, iommuGroup }) => ({
    address,
    id,
    driver: driver ?? "",
    group: iommuGroup ?? -1,
  }));
}

/** Name of the host's note on a physical function. */
export function sriovRecordName(address: PciAddress): string {
  return `sriov-${address}`;
}

/** What was there before our first change, and the number that we set last. */
export interface SriovRecord extends Before {
  readonly count: number;
}

/** Text of that note. */
export function renderSriovRecord(physical: PciFunction, record: SriovRecord): string {
  const { previousCount, previousDriversAutoprobe, count } = record;
  return `${physical.id} ${previousCount} ${previousDriversAutoprobe ? 1 : 0} ${count}`;
}

/** The note on the card that is there now; undefined without one. */
export function readSriovRecord(facts: HostFacts, physical: PciFunction): SriovRecord | undefined {
  const words = (facts.records[sriovRecordName(physical.address)] ?? "").trim().split(" ");
  const [id, previousCount, autoprobe, count] = words;
  if (id !== physical.id || words.length !== 4) return undefined;
  return { previousCount: Number(previousCount), previousDriversAutoprobe: autoprobe === "1", count: Number(count) };
}

/** The host's own note wins over what is stored: the answer to a change may have been lost. */
export function rememberBefore(facts: HostFacts, physical: PciFunction, prior: Partial<Before> | undefined): Before {
  const record = readSriovRecord(facts, physical);
  return {
    previousCount: record?.previousCount ?? prior?.previousCount ?? physical.sriov?.numVfs ?? 0,
    previousDriversAutoprobe:
      record?.previousDriversAutoprobe ?? prior?.previousDriversAutoprobe ?? physical.sriov?.driversAutoprobe ?? true,
  };
}
