import type { Machine, MachineInterface } from "../machine";
import type { HostFiles } from "./host-files";
import { devicePathOf } from "./pci-tree";

/** Writes `/sys/class/net`: loopback, the machine's interfaces, and the links between a bridge and its ports. */
export function writeNetworkInterfaces(files: HostFiles, machine: Machine): void {
  const all: MachineInterface[] = [{ name: "lo", addresses: ["127.0.0.1/8"] }, ...machine.interfaces];
  all.forEach((one, index) => {
    writeInterface(files, machine, one, index);
  });
  for (const bridge of all) {
    for (const port of bridge.ports ?? []) joinBridge(files, machine, bridge, port);
  }
}

/** Writes the folder of one interface; `index` tells it from others. */
export function writeInterface(files: HostFiles, machine: Machine, one: MachineInterface, index: number): void {
  const folder = interfaceFolder(machine, one);
  const state = one.name === "lo" ? "unknown" : one.isUp === false ? "down" : "up";
  files.write(`${folder}/operstate`, `${state}\n`);
  files.write(`${folder}/ifindex`, `${index + 1}\n`);
  files.write(`${folder}/type`, one.name === "lo" ? "772\n" : "1\n");
  files.write(`${folder}/address`, `52:54:00:00:00:${index.toString(16).padStart(2, "0")}\n`);
  files.link(`/sys/class/net/${one.name}`, folder);
  if (one.function !== undefined) files.link(`${folder}/device`, folder.slice(0, folder.lastIndexOf("/net/")));
}

function interfaceFolder(machine: Machine, one: MachineInterface): string {
  if (one.function === undefined) return `/sys/devices/virtual/net/${one.name}`;
  const below = one.below === undefined ? "" : `/${one.below}`;
  return `${devicePathOf(machine, one.function)}${below}/net/${one.name}`;
}

function joinBridge(files: HostFiles, machine: Machine, bridge: MachineInterface, port: string): void {
  const found = machine.interfaces.find((one) => one.name === port);
  if (found === undefined) throw new Error(`bridge ${bridge.name} names the port ${port}, which the machine lacks`);
  const above = interfaceFolder(machine, bridge);
  const below = interfaceFolder(machine, found);
  files.makeFolder(`${above}/bridge`);
  files.link(`${above}/brif/${port}`, `${below}/brport`);
  files.link(`${above}/lower_${port}`, below);
  files.link(`${below}/master`, above);
  files.link(`${below}/upper_${bridge.name}`, above);
}

/** Writes `/sys/class/input`: keyboards and mice below the USB controller, or the old keyboard port, that they hang on. */
export function writeInputDevices(files: HostFiles, machine: Machine): void {
  files.makeFolder("/sys/class/input");
  machine.inputs.forEach((one, index) => {
    const above =
      one.function === undefined
        ? `/sys/devices/platform/i8042/serio${index}`
        : `${devicePathOf(machine, one.function)}/usb1/1-${index + 1}/1-${index + 1}:1.0`;
    const folder = `${above}/input/input${index}`;
    files.write(`${folder}/name`, `${one.name}\n`);
    files.write(`${folder}/event${index}/dev`, `13:${64 + index}\n`);
    files.link(`/sys/class/input/input${index}`, folder);
    files.link(`/sys/class/input/event${index}`, `${folder}/event${index}`);
  });
}
