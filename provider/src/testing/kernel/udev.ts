import type { Machine, MachineFunction } from "../machine";
import type { HostFiles } from "../root/host-files";
import type { PciBus } from "./pci-bus";

const RULES = "/etc/udev/rules.d";

/** Driver that the rules of `/etc/udev/rules.d` set as a function's `driver_override` when it is found at boot. */
export function findOverride(files: HostFiles, one: MachineFunction): string | undefined {
  const lines = files
    .list(RULES)
    .filter((name) => name.endsWith(".rules"))
    .flatMap((name) => files.read(`${RULES}/${name}`).split("\n"));
  const [vendor = "", device = ""] = one.id.split(":");
  const facts: Readonly<Record<string, string>> = {
    ACTION: "add",
    SUBSYSTEM: "pci",
    KERNEL: one.address,
    "ATTR{vendor}": `0x${vendor}`,
    "ATTR{device}": `0x${device}`,
    "ATTR{class}": `0x${one.class}`,
  };
  let found: string | undefined;
  for (const line of lines.filter((text) => !text.trimStart().startsWith("#"))) {
    const parts = [...line.matchAll(/([A-Z]+(?:\{\w+\})?)\s*(==|!=|=)\s*"([^"]*)"/g)];
    const isMatch = parts.every(
      ([, key = "", operator, value]) => operator === "=" || (facts[key] === value) === (operator === "=="),
    );
    const override = parts.find(([, key, operator]) => key === "ATTR{driver_override}" && operator === "=")?.[3];
    if (isMatch && override !== undefined) found = override;
  }
  return found;
}

/**
 * Binds every function at boot. Drivers of the initial ramdisk come before the rules of the root file system, so there an
 * override is set and has no effect; for `lateDriver` functions the rule comes first.
 */
export function bindAtBoot(files: HostFiles, machine: Machine, bus: PciBus): void {
  for (const one of machine.functions) {
    if (one.driver === undefined || one.lateDriver === true) continue;
    bus.loadDriver(one.driver);
    bus.probe(one.address);
  }
  for (const one of machine.functions) {
    const override = findOverride(files, one);
    if (override !== undefined) bus.setOverride(one.address, override);
    if (one.lateDriver !== true) continue;
    if (one.driver !== undefined) bus.loadDriver(one.driver);
    bus.probe(one.address);
  }
}
