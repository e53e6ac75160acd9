import type { Machine, MachineFunction } from "../machine";
import type { HostFiles } from "./host-files";

/** Path of a function in the device tree, through the bridges above it. */
export function devicePathOf(machine: Machine, address: string): string {
  const found = machine.functions.find((one) => one.address === address);
  if (found === undefined) throw new Error(`the machine has no PCI function ${address}`);
  const above =
    found.parent === undefined ? `/sys/devices/pci${address.slice(0, 7)}` : devicePathOf(machine, found.parent);
  return `${above}/${address}`;
}

/** Writes `/sys/bus/pci` and the device tree, without drivers and groups: those come with the boot. */
export function writePciTree(files: HostFiles, machine: Machine): void {
  for (const one of machine.functions) writePciFunction(files, machine, one);
  files.write("/sys/bus/pci/drivers_probe", "");
  files.write("/sys/bus/pci/rescan", "");
}

/** Writes the folder of one function. */
export function writePciFunction(files: HostFiles, machine: Machine, one: MachineFunction): void {
  const folder = devicePathOf(machine, one.address);
  for (const [name, value] of Object.entries(attributesOf(one))) files.write(`${folder}/${name}`, `${value}\n`);
  files.write(`${folder}/config`, renderConfigSpace(one));
  files.link(`/sys/bus/pci/devices/${one.address}`, folder);
  files.link(`${folder}/subsystem`, "/sys/bus/pci");
}

/** Files of a function in sysfs, and what stands in them. */
export function attributesOf(one: MachineFunction): Record<string, string> {
  const [vendor = "", device = ""] = one.id.split(":");
  const [subVendor = "0000", subDevice = "0000"] = (one.subsystem ?? "").split(":");
  return {
    vendor: `0x${vendor}`,
    device: `0x${device}`,
    subsystem_vendor: `0x${subVendor === "" ? "0000" : subVendor}`,
    subsystem_device: `0x${subDevice}`,
    class: `0x${one.class}`,
    revision: "0x00",
    numa_node: String(one.numaNode ?? -1),
    driver_override: "(null)",
    enable: "1",
    irq: "16",
    modalias: `pci:v0000${vendor.toUpperCase()}d0000${device.toUpperCase()}`,
    power_state: "D0",
    reset_method: one.resetMethods ?? "",
    ...(one.bootVga === undefined ? {} : { boot_vga: one.bootVga ? "1" : "0" }),
    ...(one.totalVfs === undefined
      ? {}
      : {
          sriov_totalvfs: String(one.totalVfs),
          sriov_numvfs: "0",
          sriov_drivers_autoprobe: "1",
          sriov_offset: String(one.virtualFunctions?.offset ?? 1),
          sriov_stride: String(one.virtualFunctions?.stride ?? 1),
        }),
  };
}

/** The first 64 bytes of configuration space: ids, class and header type, little-endian. */
function renderConfigSpace(one: MachineFunction): Buffer {
  const bytes = Buffer.alloc(64);
  const [vendor = "0", device = "0"] = one.id.split(":");
  bytes.writeUInt16LE(parseInt(vendor, 16), 0);
  bytes.writeUInt16LE(parseInt(device, 16), 2);
  bytes.writeUIntLE(parseInt(one.class, 16), 9, 3);
  bytes.writeUInt8(isBridge(one) ? 1 : 0, 14);
  return bytes;
}

/** Whether libvirt and VFIO treat a function as a bridge, which is never assigned. */
export function isBridge(one: MachineFunction): boolean {
  return one.class.startsWith("0604");
}
