/**
 * Names of the object and enum types, by the type or resource that holds the property, and the property. Generated SDKs
 * carry these names, so a new one is chosen with care and an old one stays.
 */
const NAMES: Readonly<Record<string, string>> = {
  "VirtualizationHost.host": "Host",
  "VirtualizationHost.daemons": "LibvirtDaemons",
  "VirtualizationHost.validation": "ValidationCheck",
  "HostIommuConfig.host": "Host",
  "HostIommuConfig.mode": "IommuMode",
  "HostIommuConfig.kernelArguments": "KernelArguments",
  "HostIommuConfig.bootLoader": "BootLoader",
  "HostIommuConfig.reboot": "Reboot",
  "HostIommuConfig.trialBoot": "TrialBoot",
  "HostIommuConfig.ownership": "Ownership",
  "Host.sudo": "Sudo",
  "Reboot.policy": "RebootPolicy",
  "Reboot.runningDomains": "RunningDomainsPolicy",
  "Reboot.loggedInUsers": "LoggedInUsersPolicy",
  "Reboot.inhibitors": "InhibitorsPolicy",
  "Ownership.files": "OwnedFile",
  "DeviceReference.rom": "DeviceRom",
  "PciGroupDetachment.device": "Device",
  "PciGroupDetachment.allow": "SafetyRule",
  "PciGroupDetachment.members": "GroupMember",
  "PciGroupDetachment.whenInactive": "WhenInactive",
  "PciGroupDetachment.persistence": "Persistence",
  "SriovVirtualFunctions.device": "PhysicalFunction",
  "SriovVirtualFunctions.virtualFunctions": "VirtualFunction",
  "SriovVirtualFunctions.persistence": "SriovPersistence",
  "DomainHostdev.devices": "DeviceReference",
  "DomainHostdev.controllers": "OwnedController",
  "getHost.identity": "HostIdentity",
  "getHost.cpu": "HostCpu",
  "HostCpu.virtualization": "CpuVirtualization",
  "getHost.memory": "HostMemory",
  "HostMemory.hugePages": "HugePages",
  "getHost.firmware": "HostFirmware",
  "HostFirmware.tables": "FirmwareTable",
  "HostFirmware.secureBoot": "SecureBootState",
  "getHost.kernel": "HostKernel",
  "HostKernel.lockdown": "Lockdown",
  "getHost.iommu": "HostIommu",
  "HostIommu.interruptRemapping": "InterruptRemapping",
  "getHost.boot": "HostBoot",
  "HostBoot.initramfsTool": "InitramfsTool",
  "getHost.libvirt": "HostLibvirt",
  "HostLibvirt.units": "LibvirtUnit",
  "getHost.devices": "PciFunction",
  "PciFunction.virtualFunctions": "VirtualFunctionCounts",
  "PciFunction.uses": "DeviceUse",
  "DeviceUse.kind": "DeviceUseKind",
  "PciFunction.verdict": "Verdict",
  "Verdict.kind": "VerdictKind",
  "Verdict.rules": "AnySafetyRule",
  "getHost.groups": "IommuGroup",
  "getHost.domains": "LibvirtDomain",
  "getIommuGroups.groups": "IommuGroupDetails",
  "DomainHostdev.apply": "ApplyTo",
  "DomainHostdev.restart": "RestartPolicy",
  "DomainHostdev.proof": "RunningProof",
};

/** Name of the type of a property; throws for one that has none yet. */
export function nameOfType(path: string): string {
  const name = NAMES[path];
  if (name === undefined) throw new Error(`the type of ${path} has no name yet: give it one in schema/type-names.ts`);
  return name;
}
