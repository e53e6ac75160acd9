import type { HostFacts, PciFunction } from "../host-facts";
import { listDeviceClaims } from "../libvirt/claims";
import { describeFunction, describeFunctions } from "../pci/describe";
import { describeGroup, listMembersToMove } from "../pci/group";
import { checkSafety } from "../pci/safety";
import { SAFETY_RULES } from "../pci/safety-rules";
import { selectDevice, type DeviceSelector } from "../pci/selector";
import { judgeDevice } from "../survey/verdict";
import { failure, notYet, ok, warning, type CheckName, type Finding } from "./check";

/** What stands for and against giving one device to a guest. */
export function checkDevice(facts: HostFacts, selector: DeviceSelector): (readonly [CheckName, Finding])[] {
  const selection = selectDevice(facts, selector);
  if ("problem" in selection) return [["device", failure(selection.problem.reason, "Correct the address or the id.")]];
  const { device } = selection;
  return [
    ["device", ok(`${describeFunction(device)}.`)],
    ["device-group", checkGroup(facts, device)],
    ["device-firmware-memory", checkMemory(facts, device)],
    ["device-reset", checkReset(device)],
    ["device-safety", checkSafe(facts, device)],
  ];
}

function checkGroup(facts: HostFacts, device: PciFunction): Finding {
  const group = describeGroup(facts, device.address);
  if (group === undefined) return notYet(`${device.address} has no IOMMU group`);
  const others = group.endpoints.filter((member) => member !== device);
  if (others.length === 0) return ok(`It is alone in IOMMU group ${group.number}.`);
  const moving = listMembersToMove(group, { device: device.address, driver: "vfio-pci" });
  const found = `It shares IOMMU group ${group.number} with ${describeFunctions(others)}`;
  if (!moving.some((member) => member !== device)) return ok(`${found}, which block nothing.`);
  return warning(
    `${found}; VFIO gives a group away as a whole.`,
    "Give all of them up: a PciGroupDetachment moves the whole group. A card in another slot may get a group of its own.",
  );
}

function checkMemory(facts: HostFacts, device: PciFunction): Finding {
  const group = describeGroup(facts, device.address);
  if (group === undefined) return notYet(`${device.address} has no IOMMU group`);
  if (!group.hasFirmwareMemory) return ok("The firmware keeps no memory for its group (RMRR).");
  return failure(
    `The firmware keeps memory (RMRR) for IOMMU group ${group.number}, so the kernel refuses to give ${device.address} to a guest.`,
    SAFETY_RULES.rmrr.instead,
  );
}

function checkReset({ address, resetMethods }: PciFunction): Finding {
  if (resetMethods === undefined)
    return warning(`The kernel does not say how ${address} is reset.`, "Kernels from 5.15 on say it in reset_method.");
  if (resetMethods.length > 0) return ok(`It can be reset (${resetMethods.join(", ")}).`);
  return warning(
    `${address} has no way to be reset, so a guest may find it as the last one left it.`,
    "Expect to reboot the host between two guests, or look for a kernel module that resets this device.",
  );
}

function checkSafe(facts: HostFacts, device: PciFunction): Finding {
  const claims = listDeviceClaims(facts);
  const verdict = judgeDevice(facts, device, claims);
  const because = verdict.because.join(" ");
  switch (verdict.kind) {
    case "free":
    case "together":
      return ok(["The host can spare it.", because].join(" ").trim());
    case "given":
      return ok([`It is on ${device.driver ?? "no driver"} already.`, because].join(" ").trim());
    case "bridge":
    case "needed":
      return failure(because === "" ? "It is a bridge." : because, adviseSafety(facts, device));
  }
}

/** The way out that a preview would name, from the same rules. */
function adviseSafety(facts: HostFacts, device: PciFunction): string {
  const group = describeGroup(facts, device.address);
  const target = { device: device.address, driver: "vfio-pci" };
  const moving = group === undefined ? [device] : listMembersToMove(group, target);
  const options = { device, allow: [], claims: listDeviceClaims(facts) };
  const rules = checkSafety(facts, moving, options).map((finding) => finding.rule);
  const advice = [...new Set(rules)].map((rule) => SAFETY_RULES[rule].instead);
  return advice.length === 0 ? "Choose another device." : advice.join(" ");
}
