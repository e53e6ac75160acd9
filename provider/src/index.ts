export {
  DomainHostdev,
  type DeviceReferenceArgs,
  type DeviceRomArgs,
  type DomainHostdevArgs,
  type RunningProof,
} from "./program/domain-hostdev";
export {
  getHost,
  getHostOutput,
  type GetHostArgs,
  type GetHostOutputArgs,
  type GetHostResult,
} from "./program/get-host";
export {
  getIommuGroups,
  getIommuGroupsOutput,
  type GetIommuGroupsArgs,
  type GetIommuGroupsOutputArgs,
  type GetIommuGroupsResult,
} from "./program/get-iommu-groups";
export {
  HostIommuConfig,
  type HostIommuConfigArgs,
  type KernelArgumentsArgs,
  type RebootArgs,
} from "./program/host-iommu-config";
export {
  PciGroupDetachment,
  type DeviceArgs,
  type GroupMember,
  type PciGroupDetachmentArgs,
} from "./program/pci-group-detachment";
export {
  SriovVirtualFunctions,
  type SriovPersistence,
  type SriovVirtualFunctionsArgs,
  type VirtualFunction,
} from "./program/sriov-virtual-functions";
export {
  PciPassthrough,
  type DetachmentSettings,
  type HostdevSettings,
  type IommuSettings,
  type PciPassthroughArgs,
  type VirtualizationSettings,
} from "./program/pci-passthrough";
export type { HostArgs } from "./program/resource";
export { rollout, type HostOptions, type RolloutHost, type RolloutOptions } from "./program/rollout";
export type { HostConnection, HostSettings } from "./model/connection";
export { VirtualizationHost, type ValidationCheck, type VirtualizationHostArgs } from "./program/virtualization-host";
export type {
  DeviceUse,
  HostSurvey,
  SurveyedBoot,
  SurveyedDevice,
  SurveyedDomain,
  SurveyedGroup,
  SurveyedIdentity,
  SurveyedIommu,
  SurveyedLibvirt,
  Verdict,
} from "./model/survey/survey";
export type { IommuGroupDetails } from "./model/survey/iommu-groups";
