import type { HostFacts, PciFunction } from "../host-facts";
import { isIommuActive } from "../iommu/active";
import { isPciBridge } from "../pci/class-names";
import { joinWords } from "../pci/describe";
import { describeGroup, isVfioDriver, listMembersToMove, type PciGroup } from "../pci/group";
import { checkDeviceAlone, checkSafety } from "../pci/safety";
import type { SafetyFinding } from "../pci/safety-finding";
import type { DomainClaims } from "./device-uses";
import type { Verdict } from "./survey";

/** The driver that `PciGroupDetachment` takes where the program names none. */
const DRIVER = "vfio-pci";

/** Judges a function by the rules of a PciGroupDetachment's plan, nothing waived. */
export function judgeDevice(facts: HostFacts, device: PciFunction, claims: DomainClaims): Verdict {
  if (isPciBridge(device.class)) return BRIDGE;
  const group = describeGroup(facts, device.address);
  if (group === undefined) return judgeWithoutGroup(facts, device, claims);
  const moving = listMembersToMove(group, { device: device.address, driver: DRIVER });
  const findings = checkSafety(facts, moving, { device, allow: [], claims });
  const others = moving.filter((member) => member !== device);
  const notes = listNotes(device, claims);
  if (isGiven(device)) return { ...plain("given", [...notes, ...reasons(findings)]), with: addresses(others) };
  if (findings.length > 0) return needed(findings, others);
  return { ...plain(others.length === 0 ? "free" : "together", notes), with: addresses(others) };
}

/** Judges a group as a whole. */
export function judgeGroup(facts: HostFacts, group: PciGroup, claims: DomainClaims): Verdict {
  const { endpoints } = group;
  const left = endpoints.filter((member) => !isGiven(member));
  const [device] = left;
  if (device === undefined) return endpoints.length === 0 ? BRIDGE : plain("given", describeHolders(endpoints, claims));
  const moving = listMembersToMove(group, { device: device.address, driver: DRIVER });
  const findings = checkSafety(facts, moving, { device, allow: [], claims });
  if (findings.length > 0) return needed(findings, []);
  return endpoints.length === 1 ? plain("free", []) : { ...plain("together", []), with: addresses(endpoints) };
}

const BRIDGE: Verdict = { kind: "bridge", with: [], because: [], rules: [] };

function plain(kind: Verdict["kind"], because: readonly string[]): Verdict {
  return { kind, with: [], because, rules: [] };
}

function needed(findings: readonly SafetyFinding[], others: readonly PciFunction[]): Verdict {
  const rules = [...new Set(findings.map((finding) => finding.rule))].sort();
  return { kind: "needed", with: addresses(others), because: reasons(findings), rules };
}

function reasons(findings: readonly SafetyFinding[]): string[] {
  return findings.map((finding) => finding.reason);
}

function addresses(functions: readonly PciFunction[]): string[] {
  return functions.map((one) => one.address);
}

function isGiven({ driver }: PciFunction): boolean {
  return driver !== undefined && isVfioDriver(driver);
}

/** Where there is no group yet the functions count that will probably share one, as when a device is prepared. */
function judgeWithoutGroup(facts: HostFacts, device: PciFunction, claims: DomainClaims): Verdict {
  const options = { device, allow: [], claims };
  if (isIommuActive(facts)) return judgeUntranslated(device, checkSafety(facts, [device], options));
  const { siblings, hint } = checkDeviceAlone(facts, options);
  const findings = checkSafety(facts, [device, ...siblings], options);
  const unknown = hint ?? `The IOMMU is not in use, so the group of ${device.address} is not known yet.`;
  if (findings.length > 0) {
    const verdict = needed(findings, siblings);
    return hint === undefined ? verdict : { ...verdict, because: [...verdict.because, hint] };
  }
  const kind = siblings.length === 0 ? "free" : "together";
  return { ...plain(kind, [unknown, ...listNotes(device, claims)]), with: addresses(siblings) };
}

/** As Debian's kernels leave the integrated GPU unless they are booted with intel_iommu=on. */
function judgeUntranslated(device: PciFunction, findings: readonly SafetyFinding[]): Verdict {
  const verdict = needed(findings, []);
  const why = `The kernel leaves ${device.address} without an IOMMU group although the IOMMU is in use, so no guest can have it.`;
  return { ...verdict, because: [...verdict.because, why] };
}

/** What to know before a function is taken. */
function listNotes(device: PciFunction, claims: DomainClaims): string[] {
  return [
    ...describeHolders([device], claims),
    ...(device.resetMethods?.length === 0
      ? [`${device.address} has no way to be reset, so a guest may find it as the last one left it.`]
      : []),
  ];
}

function describeHolders(functions: readonly PciFunction[], claims: DomainClaims): string[] {
  return functions.flatMap(({ address }) => {
    const held = claims.get(address) ?? [];
    if (held.length === 0) return [];
    const names = held.map(({ domain, isActive }) => `${domain}${isActive ? ", which is using it" : ""}`);
    return [`${address} is in the configuration of ${held.length === 1 ? "domain" : "domains"} ${joinWords(names)}.`];
  });
}
