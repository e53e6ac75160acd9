import type { HostSurvey, SurveyedDevice, SurveyedGroup, SurveyedIommu } from "./survey";

/** The answer of `getIommuGroups`: the groups of a host with their functions in full. */
export interface IommuGroups {
  /** The host as the user named it. */
  readonly host: string;
  readonly iommu: SurveyedIommu;
  /** By number; empty while the IOMMU is not in use. */
  readonly groups: readonly IommuGroupDetails[];
}

/** A group with its functions. */
export interface IommuGroupDetails extends Omit<SurveyedGroup, "endpoints" | "bridges"> {
  /** Its functions that are no bridges. */
  readonly endpoints: readonly SurveyedDevice[];
  readonly bridges: readonly SurveyedDevice[];
}

/** Picks the groups out of a survey. */
export function pickGroups({ host, iommu, groups, devices }: HostSurvey): IommuGroups {
  const byAddress = new Map(devices.map((device) => [device.address, device]));
  function find(addresses: readonly string[]): SurveyedDevice[] {
    return addresses.flatMap((address) => byAddress.get(address) ?? []);
  }
  const details = groups.map((group) => ({
    ...group,
    endpoints: find(group.endpoints),
    bridges: find(group.bridges),
  }));
  return { host, iommu, groups: details };
}
