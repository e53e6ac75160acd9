import { explainIommu } from "../iommu/explain";
import type { HostFacts } from "../host-facts";
import { listDeviceClaims } from "../libvirt/claims";
import { joinWords } from "../pci/describe";
import { describeGroup, type PciGroup } from "../pci/group";
import { SAFETY_RULES } from "../pci/safety-rules";
import { surveyBoot } from "../survey/survey-boot";
import { judgeGroup } from "../survey/verdict";
import { failure, notYet, ok, warning, type Finding } from "./check";

/** Every group of PCI functions. */
function listGroups(facts: HostFacts): PciGroup[] {
  return facts.iommu.groups.flatMap(({ number }) => {
    const member = facts.pci.find((device) => device.iommuGroup === number);
    return (member && describeGroup(facts, member.address)) ?? [];
  });
}

/** Whether there is anything in the groups that the host can spare. */
export function checkGroups(facts: HostFacts): Finding {
  if (explainIommu(facts).cause !== "active") return notYet("the IOMMU is not in use, so there are no groups");
  const claims = listDeviceClaims(facts);
  const groups = listGroups(facts);
  const verdicts = groups.map((group) => judgeGroup(facts, group, claims).kind);
  const spare = verdicts.filter((kind) => kind === "free" || kind === "together").length;
  const given = verdicts.filter((kind) => kind === "given").length;
  const counted = `${groups.length} IOMMU groups: the host can spare ${spare}, and ${given} are given to guests' drivers`;
  if (spare + given > 0) return ok(`${counted}.`);
  return warning(
    `${counted}.`,
    "Each group holds something that the host needs. A card in another slot may get a group of its own.",
  );
}

/** Groups that the kernel does not assign. */
export function checkFirmwareMemory(facts: HostFacts): Finding {
  if (explainIommu(facts).cause !== "active") return notYet("the IOMMU is not in use, so there are no groups");
  const kept = listGroups(facts).filter((group) => group.hasFirmwareMemory);
  if (kept.length === 0) return ok("The firmware keeps no memory for a device (RMRR).");
  const named = kept.map(({ number, endpoints }) => `${number} (${joinWords(endpoints.map((one) => one.address))})`);
  return warning(
    `The firmware keeps memory (RMRR) for devices of ${kept.length === 1 ? "IOMMU group" : "the IOMMU groups"} ${joinWords(named)}, so the kernel assigns none of them.`,
    SAFETY_RULES.rmrr.instead,
  );
}

/** Whether the command line can be changed; without need it matters only later. */
export function checkBootLoader(facts: HostFacts): Finding {
  const { loader, problem } = surveyBoot(facts);
  if (problem === "") return ok(`The host boots through ${loader}, which can be changed.`);
  const { cause } = explainIommu(facts);
  const isNeeded = cause === "switched-off" || cause === "not-switched-on";
  const remedy = "Change the command line by hand, with the boot loader's own tool.";
  return (isNeeded ? failure : warning)(`The command line cannot be changed here: ${problem}.`, remedy);
}

/** What binds devices at boot before their drivers come. */
export function checkInitramfs(facts: HostFacts): Finding {
  const { initramfsTool } = surveyBoot(facts);
  if (initramfsTool === "initramfs-tools" || initramfsTool === "dracut")
    return ok(`Initial ramdisks are built by ${initramfsTool}.`);
  const found =
    initramfsTool === "mkinitcpio"
      ? "Initial ramdisks are built by mkinitcpio, which this release does not change"
      : "No tool that builds initial ramdisks was found that is known here (initramfs-tools, dracut)";
  return warning(
    `${found}: a device whose driver is loaded from the initial ramdisk is not bound for guests at boot.`,
    "Put vfio-pci and the udev rule of a PciGroupDetachment into the initial ramdisk by hand, or choose a device whose driver comes from the root file system.",
  );
}
