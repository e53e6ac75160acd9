import { parseCommandLine, parseKernelArgument } from "../../model/kernel/command-line";
import type { Machine } from "../machine";
import type { HostFiles } from "../root/host-files";
import { decideIommu } from "./iommu";
import { remapsInterrupts, renderInterrupts } from "./interrupts";

/** What the kernel shows of itself after a boot beside devices and groups: interrupts, memory, and the door to KVM. */
export function writeRuntimeFiles(files: HostFiles, machine: Machine, release: string, commandLine: string): void {
  const isRemapped = remapsInterrupts(machine, commandLine, decideIommu(machine, commandLine));
  files.write("/proc/interrupts", renderInterrupts(machine, release, isRemapped));
  // udev loads kvm_intel or kvm_amd by the CPU's own alias.
  if (/\b(?:vmx|svm)\b/.test(machine.cpu.flags)) files.write("/dev/kvm", "");
  else files.remove("/dev/kvm");
  writeMemory(files, commandLine);
}

const MEMORY_KIB = 65_536_000;

/** Huge pages as `hugepages=` asks for them, of 2 MiB unless `hugepagesz=` before it says otherwise. */
function writeMemory(files: HostFiles, commandLine: string): void {
  const counts: Record<string, number> = { "2048": 0, "1048576": 0 };
  let size = "2048";
  for (const { key, value = "" } of parseCommandLine(commandLine).map(parseKernelArgument)) {
    if (key === "hugepagesz") size = value.startsWith("1G") ? "1048576" : "2048";
    if (key === "hugepages") counts[size] = Number(value);
  }
  files.write(
    "/proc/meminfo",
    `MemTotal:       ${MEMORY_KIB} kB\nMemFree:        32000000 kB\nHugePages_Total:       0\n`,
  );
  for (const [kib, count] of Object.entries(counts)) {
    for (const name of ["nr_hugepages", "free_hugepages"])
      files.write(`/sys/kernel/mm/hugepages/hugepages-${kib}kB/${name}`, `${count}\n`);
  }
}

/** `Y` or `N`: what vfio_iommu_type1 gets from the command line and from modprobe.d, where the command line wins. */
export function readUnsafeInterrupts(files: HostFiles): "Y" | "N" {
  const name = "allow_unsafe_interrupts";
  const configured = files.list("/etc/modprobe.d").flatMap((file) =>
    files
      .read(`/etc/modprobe.d/${file}`)
      .split("\n")
      .filter((row) => /^options\s+vfio_iommu_type1\s/.test(row))
      .flatMap((row) => row.split(/\s+/).slice(2)),
  );
  const onLine = parseCommandLine(files.read("/proc/cmdline")).flatMap(
    (word) => /^vfio_iommu_type1\.(.+)$/.exec(word)?.[1] ?? [],
  );
  const value = [...configured, ...onLine].map(parseKernelArgument).findLast(({ key }) => key === name);
  return value !== undefined && /^(?:[yY1]|on)$/.test(value.value ?? "1") ? "Y" : "N";
}
