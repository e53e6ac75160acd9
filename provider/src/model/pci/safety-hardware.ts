import type { HostFacts, PciFunction } from "../host-facts";
import type { PciAddress } from "./address";
import { describeClass, isEssentialClass, isInputClass, isPciBridge } from "./class-names";
import { describeFunctions, joinWords, sortFunctions } from "./describe";
import { describeGroup } from "./group";
import type { Hazard } from "./safety-finding";

/** A domain whose definition holds a function. */
export interface DeviceClaim {
  readonly domain: string;
  /** True when the domain is running or paused and has the function now. */
  readonly isActive: boolean;
}

/** Which domains hold which functions. */
export type DeviceClaims = ReadonlyMap<PciAddress, readonly DeviceClaim[]>;

/** What stands against taking a function by what it is and who has it. */
export function listHardwareHazards(facts: HostFacts, device: PciFunction, claims: DeviceClaims): Hazard[] {
  return [
    findDomainHazard(device, claims),
    findSriovHazard(facts, device, claims),
    findDisplayHazard(device),
    findInputHazard(facts, device),
    findClassHazard(device),
  ].filter((hazard) => hazard !== undefined);
}

/** Bridges cannot be given away at all, so a bridge that is asked for by its address is refused. */
export function findBridgeHazard(facts: HostFacts, device: PciFunction): Hazard | undefined {
  if (!isPciBridge(device.class)) return undefined;
  const below = facts.pci.filter((other) => other.ancestors.includes(device.address) && !isPciBridge(other.class));
  const loses =
    below.length === 0 ? "the bus below it" : `everything below it: ${describeFunctions(sortFunctions(below))}`;
  const is = "is a bridge (to libvirt a non-endpoint), which cannot be assigned to a guest and stays with the host";
  return { rule: "bridge", device, is, loses };
}

/** The whole group is refused where the firmware keeps memory for a member; the device that is asked for stands for it. */
export function findFirmwareMemoryHazard(facts: HostFacts, device: PciFunction): Hazard | undefined {
  const group = describeGroup(facts, device.address);
  if (group?.hasFirmwareMemory !== true) return undefined;
  const is = `is in IOMMU group ${group.number}, for which the firmware keeps memory (a reserved region of kind direct, RMRR)`;
  const loses = "the device to the host while no guest can have it, because the kernel refuses to assign it";
  return { rule: "rmrr", device, is, loses };
}

function findDomainHazard(device: PciFunction, claims: DeviceClaims): Hazard | undefined {
  const active = listActiveDomains(device.address, claims);
  if (active.length === 0) return undefined;
  const names = joinWords(active);
  const noun = active.length === 1 ? "domain" : "domains";
  const is = `is in use by the running or paused ${noun} ${names}`;
  return {
    rule: "running-domain",
    device,
    is,
    loses: `a device that ${noun} ${names} ${active.length === 1 ? "is" : "are"} using`,
  };
}

function listActiveDomains(address: PciAddress, claims: DeviceClaims): string[] {
  const active = (claims.get(address) ?? []).filter((claim) => claim.isActive).map((claim) => claim.domain);
  return [...new Set(active)].sort();
}

function findSriovHazard(facts: HostFacts, device: PciFunction, claims: DeviceClaims): Hazard | undefined {
  const count = device.sriov?.numVfs ?? 0;
  if (count === 0) return undefined;
  const vfs = sortFunctions(facts.pci.filter((other) => other.physicalFunction === device.address));
  const domains = [...new Set(vfs.flatMap((vf) => listActiveDomains(vf.address, claims)))].sort();
  const users = domains.length === 0 ? "" : `, which ${joinWords(domains)} may be using`;
  const named = vfs.length === 0 ? "" : `: ${describeFunctions(vfs)}`;
  const noun = count === 1 ? "virtual function" : "virtual functions";
  return { rule: "sriov", device, is: `has ${count} ${noun}`, loses: `its ${count} ${noun}${named}${users}` };
}

function findDisplayHazard(device: PciFunction): Hazard | undefined {
  if (!device.isBootVga) return undefined;
  const is = "is the display that the host booted on";
  return { rule: "boot-display", device, is, loses: "the screen and console of the host" };
}

function findInputHazard(facts: HostFacts, device: PciFunction): Hazard | undefined {
  if (!isInputClass(device.class)) return undefined;
  const attached = facts.inputDevices.filter((input) => input.functions.includes(device.address));
  if (attached.length === 0) return undefined;
  const names = joinWords([...new Set(attached.map((input) => JSON.stringify(input.name)))].sort());
  return {
    rule: "console-input",
    device,
    is: `has input devices of the host attached`,
    loses: `${names} at the host's console`,
  };
}

function findClassHazard(device: PciFunction): Hazard | undefined {
  if (!isEssentialClass(device.class)) return undefined;
  const is = `is a part of the host itself (${describeClass(device.class)}, class ${device.class.slice(0, 4)})`;
  return { rule: "essential-class", device, is, loses: describeEssentialLoss(device.class) };
}

function describeEssentialLoss(classCode: string): string {
  switch (classCode.slice(0, 4)) {
    case "0600":
      return "the processor's way to a PCI bus";
    case "0601":
      return "the low-speed devices behind it, such as firmware flash, clock, serial ports and power control";
    case "0c05":
      return "sensors, memory information and fan control behind the system management bus";
    case "0800":
      return "the interrupts that it delivers";
    case "0806":
      return "the IOMMU that passthrough itself rests on";
    default:
      return classCode.startsWith("05") ? "the memory behind it" : "whatever the host reaches through it";
  }
}
