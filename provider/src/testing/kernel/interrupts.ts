import { parseCommandLine, parseKernelArgument } from "../../model/kernel/command-line";
import type { Machine } from "../machine";
import type { IommuMode } from "./iommu";

/**
 * Whether the kernel has the IOMMU remap interrupts. Intel's does so whether or not it translates memory; AMD's only with
 * the rest (intel_irq_remapping_supported and amd_iommu_supported in the kernel's drivers/iommu).
 */
export function remapsInterrupts(machine: Machine, commandLine: string, mode: IommuMode): boolean {
  const { table, lacksInterruptRemapping } = machine.firmware;
  const isOff = parseCommandLine(commandLine)
    .map(parseKernelArgument)
    .some(
      ({ key, value }) => key === "nointremap" || (key === "intremap" && value?.split(",").includes("off") === true),
    );
  if (table === undefined || lacksInterruptRemapping === true || isOff) return false;
  if (machine.kernelConfig["CONFIG_IRQ_REMAP"] === "n") return false;
  return table === "DMAR" || mode.isOn;
}

/** Text of `/proc/interrupts`: chips that go through remapping have `IR-` before their name, the IOMMU's own have not. */
export function renderInterrupts(machine: Machine, release: string, isRemapped: boolean): string {
  const prefix = isRemapped ? "IR-" : "";
  const own = machine.firmware.table === "IVRS" ? "PCI-MSI 4096-edge      AMD-Vi" : "DMAR-MSI    0-edge      dmar0";
  const rows = [
    [0, `${prefix}IO-APIC    2-edge      timer`],
    [8, `${prefix}IO-APIC    8-edge      rtc0`],
    ...(isRemapped ? [[24, own]] : []),
    ...machine.functions
      .filter((one) => one.driver !== undefined)
      .map((one, i) => [25 + i, `${prefix}${renderMsi(one.address, release, i)}      ${one.driver ?? ""}`]),
  ];
  const lines = rows.map(([number, text]) => `${String(number).padStart(4)}:         27          0  ${String(text)}`);
  return [
    "            CPU0       CPU1       ",
    ...lines,
    " NMI:          0          0   Non-maskable interrupts",
    "",
  ].join("\n");
}

/** Since 6.2 each device has a chip of its own. */
function renderMsi(address: string, release: string, index: number): string {
  const [major = 0, minor = 0] = release.split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 2) ? `PCI-MSIX-${address}    0-edge` : `PCI-MSI ${index * 16384}-edge`;
}
