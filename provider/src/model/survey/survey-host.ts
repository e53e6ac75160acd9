import type { DomainFacts, HostFacts, PciFunction } from "../host-facts";
import { isIommuActive } from "../iommu/active";
import { explainIommu } from "../iommu/explain";
import { listDeviceClaims } from "../libvirt/claims";
import { parseDomain } from "../libvirt/domain-xml";
import { describeClass, isPciBridge } from "../pci/class-names";
import { sortFunctions } from "../pci/describe";
import { describeGroup } from "../pci/group";
import { listUses, type DomainClaims } from "./device-uses";
import { allowsUnsafeInterrupts, describeInterruptRemapping } from "./interrupts";
import type { HostSurvey, SurveyedDevice, SurveyedDomain, SurveyedGroup, SurveyedIommu } from "./survey";
import { surveyBoot } from "./survey-boot";
import { judgeDevice, judgeGroup } from "./verdict";

/**
 * What a host is and what it could give to guests; `host` is how the user named it. Without {@link HostFacts.survey} the
 * names of devices stay empty, and interrupt remapping unknown.
 */
export function surveyHost(facts: HostFacts, host: string): HostSurvey {
  const { identity, cpu, firmware, kernel, libvirt, survey } = facts;
  const claims = listDeviceClaims(facts);
  return {
    host,
    identity: {
      machineId: identity.machineId,
      hostname: identity.hostname,
      distribution: identity.distributionName,
    },
    cpu: { vendor: cpu.vendor, virtualization: cpu.virtualization ?? "none", hasKvm: survey?.hasKvm ?? false },
    memory: survey?.memory ?? { totalKib: 0, hugePages: [] },
    firmware: {
      tables: firmware.tables,
      isEfi: firmware.isEfi,
      secureBoot: firmware.secureBoot === undefined ? "unknown" : firmware.secureBoot ? "on" : "off",
    },
    kernel: {
      release: kernel.release,
      commandLine: kernel.commandLine,
      lockdown: kernel.lockdown ?? "unknown",
    },
    iommu: surveyIommu(facts),
    boot: surveyBoot(facts),
    libvirt: {
      version: libvirt.version ?? "",
      error: libvirt.connectError ?? "",
      units: survey?.units ?? [],
    },
    devices: sortFunctions(facts.pci).map((device) => surveyDevice(facts, device, claims)),
    groups: surveyGroups(facts, claims),
    domains: libvirt.domains.map(surveyDomain),
  };
}

function surveyIommu(facts: HostFacts): SurveyedIommu {
  return {
    isActive: isIommuActive(facts),
    because: explainIommu(facts).because,
    units: facts.iommu.units,
    groupCount: facts.iommu.groups.length,
    interruptRemapping: describeInterruptRemapping(facts),
    areUnsafeInterruptsAllowed: allowsUnsafeInterrupts(facts),
  };
}

function surveyDevice(facts: HostFacts, device: PciFunction, claims: DomainClaims): SurveyedDevice {
  const names = facts.survey?.names;
  return {
    address: device.address,
    id: device.id,
    subsystemId: device.subsystemId ?? "",
    vendorName: names?.vendors[device.id.slice(0, 4)] ?? "",
    deviceName: names?.devices[device.id] ?? "",
    class: device.class,
    className: describeClass(device.class),
    isBridge: isPciBridge(device.class),
    driver: device.driver ?? "",
    driverOverride: device.driverOverride ?? "",
    group: device.iommuGroup ?? -1,
    parent: device.ancestors[0] ?? "",
    resetMethods: device.resetMethods ?? [],
    numaNode: device.numaNode ?? -1,
    isBootVga: device.isBootVga,
    virtualFunctions: { total: device.sriov?.totalVfs ?? 0, enabled: device.sriov?.numVfs ?? 0 },
    physicalFunction: device.physicalFunction ?? "",
    uses: listUses(facts, device, claims),
    verdict: judgeDevice(facts, device, claims),
  };
}

function surveyGroups(facts: HostFacts, claims: DomainClaims): SurveyedGroup[] {
  const members = new Map(facts.pci.map((device) => [device.iommuGroup, device.address]));
  return facts.iommu.groups.flatMap(({ number }): SurveyedGroup[] => {
    const member = members.get(number);
    const group = member && describeGroup(facts, member);
    // A group of devices that are not PCI: nothing in it can be given to a guest as a PCI function.
    if (group === undefined) return [];
    return [
      {
        number,
        type: group.type ?? "",
        endpoints: group.endpoints.map((one) => one.address),
        bridges: group.bridges.map((one) => one.address),
        isViable: group.isViable,
        hasFirmwareMemory: group.hasFirmwareMemory,
        verdict: judgeGroup(facts, group, claims),
      },
    ];
  });
}

function surveyDomain({ name, uuid, state, xml, liveXml }: DomainFacts): SurveyedDomain {
  const claims = [xml, ...(liveXml === undefined ? [] : [liveXml])].flatMap((text) => parseDomain(text).claims);
  return { name, uuid, state, hostdevs: [...new Set(claims.map((claim) => claim.address))].sort() };
}
